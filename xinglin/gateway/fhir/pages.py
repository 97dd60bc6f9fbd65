"""A page of a search: from a place in the order on, so that page 10,000 costs what page 1 does.

The place is the sort values and the id of the row at the page's edge. Rows written meanwhile
shift nothing: none is shown twice, none is left out. The order ends with the id, the newest
first, so that it is always one order.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NoReturn

import orjson
from django.core.exceptions import ValidationError
from django.db.models import DateField, DateTimeField, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from xinglin.gateway.fhir.asking import CURSOR, Asked
from xinglin.kernel.access import Actor
from xinglin.kernel.records import YEARS
from xinglin.kernel.searching import Offer, refuse
from xinglin.ui.paging import COUNT_LIMIT

# Where a column may be empty, its rows come before all others.
LEAST: dict[type[Any], Any] = {
    DateTimeField: datetime(1000, 1, 1, tzinfo=UTC),
    DateField: date(1000, 1, 1),
}


@dataclass(frozen=True)
class Row:
    """A row of the page, as which model, and its place in the order."""

    offer: Offer
    row: Any
    place: tuple[Any, ...]


@dataclass(frozen=True)
class Page:
    """The rows; where the next and the previous page begin, "" where there is none."""

    rows: list[Row]
    next: str
    previous: str
    total: int | None


@dataclass(frozen=True)
class _Key:
    """One key of the order: the name under which a row bears its value, and its direction."""

    name: str
    field: Any
    falling: bool


def page_of(asked: Asked, actor: Actor) -> Page:
    """The rows that were asked for, with the total where it is known or was asked for."""
    backward, after = _read(asked)
    if asked.only_count:
        return Page([], "", "", _count(asked, actor, None))
    found: list[Row] = []
    falling: list[bool] = []
    for offer, wish in asked.wanted.items():
        keys = _keys(offer, asked)
        falling = [key.falling != backward for key in keys]
        rows = _keyed(offer.rows(actor).filter(wish), keys)
        if after is not None:
            rows = rows.filter(_beyond(keys, falling, _values(keys, after)))
        order = [
            f"-{key.name}" if down else key.name for key, down in zip(keys, falling, strict=True)
        ]
        found += [
            Row(offer, row, tuple(getattr(row, key.name) for key in keys))
            for row in rows.order_by(*order)[: asked.count + 1]
        ]
    if len(asked.wanted) > 1:
        for at in reversed(range(len(falling))):
            found.sort(key=lambda each, at=at: each.place[at], reverse=falling[at])  # type: ignore[misc]
    more = len(found) > asked.count
    shown = found[: asked.count]
    if backward:
        shown.reverse()
    has_next, has_previous = (True, more) if backward else (more, after is not None)
    return Page(
        shown,
        _write("n", shown[-1].place) if shown and has_next else "",
        _write("p", shown[0].place) if shown and has_previous else "",
        _total(asked, actor, len(shown), whole=after is None and not more),
    )


def _total(asked: Asked, actor: Actor, shown: int, *, whole: bool) -> int | None:
    """Exact or not told at all; beyond the limit it is counted only for who insists."""
    if whole:
        return shown
    if asked.total == "none":
        return None
    return _count(asked, actor, None if asked.total == "accurate" else COUNT_LIMIT)


def _count(asked: Asked, actor: Actor, limit: int | None) -> int | None:
    counted = 0
    for offer, wish in asked.wanted.items():
        rows = offer.rows(actor).filter(wish).order_by()
        counted += rows.count() if limit is None else rows[: limit + 1].count()
        if limit is not None and counted > limit:
            return None
    return counted


def _keys(offer: Offer, asked: Asked) -> list[_Key]:
    keys = []
    for at, (name, falling) in enumerate([*asked.sort, ("_id", True)]):
        parameter = offer.parameter(name)
        assert parameter is not None
        column = offer.model._meta.get_field(parameter.sort)
        keys.append(_Key(f"place_{at}" if column.null else parameter.sort, column, falling))
    return keys


def _keyed(rows: QuerySet[Any], keys: Sequence[_Key]) -> QuerySet[Any]:
    """With a value in the place of each that may be missing."""
    for key in keys:
        if key.name != key.field.name:
            told = Coalesce(F(key.field.name), Value(_least(key.field), key.field))
            rows = rows.annotate(**{key.name: told})
    return rows


def _least(column: Any) -> Any:
    return next((value for kind, value in LEAST.items() if isinstance(column, kind)), "")


def _beyond(keys: Sequence[_Key], falling: Sequence[bool], values: Sequence[Any]) -> Q:
    """Rows that come after the values: (a, b) after (x, y) is a > x, or a = x and b > y."""
    found, same = Q(), Q()
    for key, down, value in zip(keys, falling, values, strict=True):
        found |= same & Q(**{f"{key.name}__{'lt' if down else 'gt'}": value})
        same &= Q(**{key.name: value})
    # Said once more of the first key alone, for which there may be an index.
    return Q(**{f"{keys[0].name}__{'lte' if falling[0] else 'gte'}": values[0]}) & found


def _values(keys: Sequence[_Key], told: Sequence[Any]) -> list[Any]:
    if len(told) != len(keys):
        _no_place()
    try:
        found = [key.field.to_python(value) for key, value in zip(keys, told, strict=True)]
    except (ValidationError, ValueError, TypeError, OverflowError):
        _no_place()
    for value in found:
        if isinstance(value, date) and not 1000 <= value.year <= max(YEARS):
            _no_place()
        if isinstance(value, datetime) and value.tzinfo is None:
            _no_place()
    return found


def _write(direction: str, place: Sequence[Any]) -> str:
    texts = [str(value) if isinstance(value, int) else value for value in place]
    told = orjson.dumps([direction, *texts], default=str)
    return base64.urlsafe_b64encode(told).decode().rstrip("=")


def _read(asked: Asked) -> tuple[bool, list[Any] | None]:
    """Whether the page lies before its place, and the place; None at the beginning."""
    if not asked.cursor:
        return False, None
    try:
        padded = asked.cursor + "=" * (-len(asked.cursor) % 4)
        told = orjson.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
    except (binascii.Error, ValueError):
        _no_place()
    if not isinstance(told, list) or not told or told[0] not in ("n", "p"):
        _no_place()
    if any(not isinstance(value, str) or "\0" in value for value in told):
        _no_place()
    return told[0] == "p", told[1:]


def _no_place() -> NoReturn:
    refuse(CURSOR, _("翻页位置无效，请从第一页重新查询。"))
