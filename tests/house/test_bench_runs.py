"""The benchmarks still start: they are run by hand, and would rot unseen. No speed is asserted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.slow
def test_the_benchmarks_load_a_county_and_measure_it(tmp_path):
    command = [sys.executable, "-m", "bench", "--quick", "--only", "inbox", "--db", "sqlite"]
    done = subprocess.run(
        [*command, "--sizes", "200"],
        cwd=ROOT,
        env={**os.environ, "XINGLIN_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (written,) = (tmp_path / "bench").glob("*.json")
    (figures,) = json.loads(written.read_text("utf-8"))["figures"]
    assert figures["measure"] == "inbox"
    assert figures["requests"] > 0
