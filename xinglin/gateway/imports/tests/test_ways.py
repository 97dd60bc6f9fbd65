"""A table of travel times between houses."""

from __future__ import annotations

from xinglin.gateway.imports import actions as imports
from xinglin.registry.organisations.models import travel


def test_a_table_of_ways_is_imported(cast, tmp_path):
    codes = cast.township.code, cast.hospital.code
    table = tmp_path / "路程.csv"
    table.write_text(
        f"出发机构代码,到达机构代码,路程分钟\n{codes[0]},{codes[1]},45\n", encoding="utf-8"
    )
    for new, unchanged in ((1, 0), (0, 1)):
        report = imports.load([table], by=cast.admin, house=cast.region)
        assert report.loaded, [str(each) for each in report.refusals]
        count = report.count("travel")
        assert (count.new, count.unchanged) == (new, unchanged)
    assert travel.minutes(cast.township.pk, cast.hospital.pk) == 45
    table.write_text(
        f"出发机构代码,到达机构代码,路程分钟\n{codes[0]},XX,45\n{codes[0]},{codes[0]},4.5\n",
        encoding="utf-8",
    )
    report = imports.load([table], by=cast.admin, house=cast.region)
    assert not report.loaded
    assert len(report.refusals) == 2
