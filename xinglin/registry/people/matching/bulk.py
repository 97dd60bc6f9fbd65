"""Everybody compared with everybody, by Splink on DuckDB; the weights are those of the counter.

Needs the extra `match` (`pip install xinglin[match]`). Splink finds the pairs and adds up; the
few that reach the threshold are judged again by `scoring`, which alone knows the vetoes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from math import log2
from tempfile import TemporaryDirectory
from typing import Any

from django.utils.translation import gettext as _

from xinglin.kernel.errors import Refused
from xinglin.registry.people.matching import keys as blocking
from xinglin.registry.people.matching.comparisons import COMPARISONS
from xinglin.registry.people.matching.sketches import COLUMNS, Sketch
from xinglin.registry.people.matching.weights import Weights, weights

# SQL twins of the keys in `keys`, so that the counter and the night find the same pairs. A key
# that more share than this says nothing, and comparing all of them would take all night.
BLOCKING = (
    "card",
    "phone",
    "number",
    "mother",
    "born_initials",
    "born_surname",
    "year_parts",
    "day_parts",
    "place",
    "decade",
    "village_parts",
)
Pair = tuple[str, str, float]
MEMORY = "2500MB"
PART = 20_000


class NoSplink(Refused):
    code = "no-splink"


def settings(worth: Weights, people: int) -> dict[str, Any]:
    """The Splink model that the weights make for a county of so many people."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "id",
        "probability_two_random_records_match": 2 ** worth.prior(people),
        "comparisons": [_comparison(comparison, worth) for comparison in COMPARISONS],
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": f"l.key_{name} = r.key_{name}", "sql_dialect": "duckdb"}
            for name in BLOCKING
        ],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
    }


def _comparison(comparison: Any, worth: Weights) -> dict[str, Any]:
    levels: list[dict[str, Any]] = [
        {
            "sql_condition": comparison.silent_sql,
            "label_for_charts": "silent",
            "is_null_level": True,
        }
    ]
    for level in comparison.levels:
        told: dict[str, Any] = {
            "sql_condition": level.sql,
            "label_for_charts": level.code,
            "m_probability": worth.m[comparison.code, level.code],
            "u_probability": worth.u[comparison.code, level.code],
        }
        if comparison.frequency and level is comparison.levels[0]:
            told |= {
                "tf_adjustment_column": comparison.frequency,
                "tf_adjustment_weight": 1.0,
                "tf_minimum_u_value": worth.rarest_name,
            }
        levels.append(told)
    return {"output_column_name": comparison.code, "comparison_levels": levels}


def table(rows: Iterable[tuple[str, Sketch]]) -> Any:
    """Sketches as an Arrow table with the columns that Splink compares and blocks by.

    Made in parts, so that a million people never lie in memory as a million objects.
    """
    pyarrow = _library("pyarrow")
    rows = iter(rows)
    parts = []
    while part := list(islice(rows, PART)):
        parts.append(_part(pyarrow, part))
    return pyarrow.concat_tables(parts or [_part(pyarrow, [])])


def _part(pyarrow: Any, rows: list[tuple[str, Sketch]]) -> Any:
    texts, lists = pyarrow.string(), pyarrow.list_(pyarrow.string())
    kinds = {
        **dict.fromkeys(("holes", "shared", "numbers", "issuers"), lists),
        **{name: pyarrow.bool_() for name in ("provisional", "genuine")},
        "birth_order": pyarrow.int32(),
    }
    columns = {"id": pyarrow.array([key for key, _each in rows], texts)}
    for name in COLUMNS:
        values = [getattr(each, name) for _key, each in rows]
        columns[name] = pyarrow.array(values, kinds.get(name, texts))
    found = [_keys(each) for _key, each in rows]
    for at, name in enumerate(BLOCKING):
        columns[f"key_{name}"] = pyarrow.array([keys[at] for keys in found], texts)
    return pyarrow.table(columns)


def _keys(each: Sketch) -> tuple[str | None, ...]:
    named = bool(each.name)
    born = each.born if named else None
    return (
        each.card,
        each.phone,
        each.numbers[0] if each.numbers else None,
        each.mother,
        f"{born} {blocking.initials(each)}" if born else None,
        f"{born} {each.shared[0]}" if born and each.shared else None,
        f"{born[:4]} {each.parts}" if born else None,
        f"{born[4:]} {each.parts}" if born else None,
        f"{born} {each.township}" if born and each.township else None,
        f"{each.village} {born[:3]} {blocking.initials(each)}" if born and each.village else None,
        f"{each.village} {each.parts}" if each.village and named else None,
    )


def pairs(
    sketches: Any,
    *,
    least: float,
    using: Weights | None = None,
    memory: str = MEMORY,
    tell: Callable[[str], None] = lambda stage: None,
) -> Iterator[Pair]:
    """The pairs whose probability is at least `least`, with their weight in bits.

    `sketches` is what `table` made.
    """
    duckdb, splink = _library("duckdb"), _library("splink")
    worth = using or weights()
    # What does not fit into memory goes to a folder that is thrown away.
    with TemporaryDirectory(prefix="xinglin-match-") as folder:
        connection = duckdb.connect()
        connection.execute(f"SET memory_limit = '{memory}'")
        connection.execute(f"SET temp_directory = '{folder}'")
        connection.execute("SET preserve_insertion_order = false")
        api = splink.DuckDBAPI(connection)
        linker = splink.Linker(
            api.register(sketches), settings(worth, sketches.num_rows), log_level="WARNING"
        )
        tell("predict")
        found = linker.inference.predict(threshold_match_weight=log2(least / (1 - least)))
        name = found.physical_name
        rows = connection.execute(f"SELECT id_l, id_r, match_weight FROM {name} ORDER BY 3 DESC")
        while batch := rows.fetchmany(10_000):
            yield from batch
        with suppress(Exception):
            connection.close()


def _library(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        raise NoSplink(_("批量查重需要安装附加组件：pip install 'xinglin[match]'。")) from None
