"""Parameters as data: tokens, texts, dates, amounts, references; each makes a filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.kernel.access import Actor
from xinglin.kernel.searching.values import (
    PREFIXES,
    alternatives,
    bars,
    midnight,
    plain,
    read_date,
    read_id,
    refuse,
)

# A filter that no row passes.
NOTHING = Q(pk__in=())
LONGEST = 200


@dataclass(frozen=True)
class Asking:
    """Who searches, and the address that references to this house may begin with.

    `standing` tells which id stands today for one of these types that a caller still knows.
    """

    actor: Actor
    base: str = ""
    standing: Callable[[tuple[str, ...], UUID], UUID] = lambda targets, pk: pk


@dataclass(frozen=True, eq=False)
class Parameter:
    """One way to search: its name, and how a value becomes a filter.

    `sort` is the column by which results may be put in order, `empty` the rows that lack what
    the parameter is about (none, where every row has it).
    """

    kind: ClassVar[str] = ""
    modifiers: ClassVar[tuple[str, ...]] = ("missing",)

    name: str
    sort: str = field(default="", kw_only=True)
    empty: Q = field(default=NOTHING, kw_only=True)

    def filter(self, text: str, modifier: str, asking: Asking) -> Q:
        """The rows that the value, under the modifier ("" for none), asks for."""
        if modifier == "missing":
            if text not in ("true", "false"):
                refuse(f"{self.name}:missing", _("应为 true 或 false。"))
            return self.lacking() if text == "true" else ~self.lacking()
        if not self.knows(modifier):
            refuse(f"{self.name}:{modifier}", _("不支持这种修饰。"))
        found = Q()
        for each in alternatives(self.name, text):
            if len(each) > LONGEST:
                refuse(self.name, _("最多 %(count)s 个字符。") % {"count": LONGEST})
            found |= self.one(each, modifier, asking)
        return ~found if modifier == "not" else found

    def knows(self, modifier: str) -> bool:
        return not modifier or modifier in self.modifiers

    def lacking(self) -> Q:
        return self.empty

    def one(self, text: str, modifier: str, asking: Asking) -> Q:
        """The rows for one of the values."""
        raise NotImplementedError


# ------------------------------------------------------------------------------------------ tokens


@dataclass(frozen=True, eq=False)
class Token(Parameter):
    """`code`, `system|code`, `|code` (of no system) or `system|` (any code of it).

    `match` gets the system, None where it was left open, and the code, "" for any.
    """

    kind = "token"
    modifiers = ("missing", "not")

    match: Callable[[str | None, str, Asking], Q]

    def one(self, text: str, modifier: str, asking: Asking) -> Q:
        system, code = (bars(text) + [""])[:2] if "|" in text else (None, plain(text))
        return self.match(system, code, asking)


def codes(
    name: str,
    table: Mapping[str, Q] | Callable[[], Mapping[str, Q]],
    *systems: str,
    sort: str = "",
    empty: Q = NOTHING,
) -> Token:
    """A token of few codes, each with the rows that bear it; a table that depends on the day is
    a function."""

    def match(system: str | None, code: str, asking: Asking) -> Q:
        if system is not None and system not in systems:
            return NOTHING
        known = table() if callable(table) else table
        if code:
            return known.get(code, NOTHING)
        found = NOTHING
        for rows in known.values():
            found |= rows
        return found

    return Token(name, match, sort=sort, empty=empty)


def coded(
    name: str, system_field: str, code_field: str, ours: Mapping[str, str] | None = None
) -> Token:
    """A token kept as two columns; `ours` names the systems that the house writes shorter."""
    short = ours or {}
    known = set(short.values())

    def match(system: str | None, code: str, asking: Asking) -> Q:
        found = Q(**{code_field: code}) if code else ~Q(**{code_field: ""})
        if system is None:
            return found
        if system in known:
            # The house's own word for it is no address.
            return NOTHING
        return found & Q(**{system_field: short.get(system, system)})

    return Token(name, match, empty=Q(**{code_field: ""}))


def numbers(name: str, columns: Mapping[str, str]) -> Token:
    """An identifier: the column of each system of numbers."""

    def match(system: str | None, code: str, asking: Asking) -> Q:
        found = NOTHING
        for each, column in columns.items():
            if system is None or system == each:
                found |= Q(**{column: code}) if code else ~Q(**{column: ""})
        return found

    empty = Q()
    for column in columns.values():
        empty &= Q(**{column: ""})
    return Token(name, match, empty=empty)


@dataclass(frozen=True, eq=False)
class Ids(Parameter):
    """`_id`: the resources with these ids; `key` makes a row's key of one."""

    kind = "token"
    modifiers = ()

    key: Callable[[UUID], Any] | None = field(default=None, kw_only=True)

    def one(self, text: str, modifier: str, asking: Asking) -> Q:
        found = read_id(self.name, text) or UUID(int=0)
        return Q(pk=self.key(found) if self.key else found)


# ----------------------------------------------------------------------------------------- strings


@dataclass(frozen=True, eq=False)
class Words(Parameter):
    """A text by its beginning; whole with `:exact`, any part of it with `:contains`."""

    kind = "string"
    modifiers = ("missing", "exact", "contains")

    match: Callable[[str, str, Asking], Q]

    def one(self, text: str, modifier: str, asking: Asking) -> Q:
        return self.match(plain(text).strip(), modifier, asking)


def texts(name: str, *columns: str) -> Words:
    """A text kept in one of these columns."""
    lookups = {"": "istartswith", "exact": "exact", "contains": "icontains"}

    def match(text: str, modifier: str, asking: Asking) -> Q:
        found = Q()
        for column in columns:
            found |= Q(**{f"{column}__{lookups[modifier]}": text})
        return found

    empty = Q()
    for column in columns:
        empty &= Q(**{column: ""})
    return Words(name, match, sort=columns[0], empty=empty)


@dataclass(frozen=True)
class _Edge:
    """A column as the beginning or end of a stretch of time; a day lasts to the next midnight."""

    column: str
    days: bool

    def begins_from(self, t: datetime) -> Q:
        return Q(**{f"{self.column}__gte": _day_from(t) if self.days else t})

    def begins_before(self, t: datetime) -> Q:
        return Q(**{f"{self.column}__lt": _day_from(t) if self.days else t})

    def ends_by(self, t: datetime) -> Q:
        return Q(**{f"{self.column}__lt": timezone.localdate(t) if self.days else t})

    def ends_after(self, t: datetime) -> Q:
        return Q(**{f"{self.column}__gte": timezone.localdate(t) if self.days else t})


def _day_from(t: datetime) -> date:
    """The first day that begins at or after a moment."""
    day = timezone.localdate(t)
    return day if midnight(day) == t else day + timedelta(days=1)


@dataclass(frozen=True, eq=False)
class Span(Parameter):
    """A date, a moment, or a period whose open end lasts; `days` where the columns are dates."""

    kind = "date"

    start: str
    end: str = ""
    days: bool = False

    def __post_init__(self) -> None:
        if not self.sort:
            object.__setattr__(self, "sort", self.start)

    def one(self, text: str, modifier: str, asking: Asking) -> Q:
        prefix, asked = read_date(self.name, plain(text).strip())
        first, last = _Edge(self.start, self.days), _Edge(self.end or self.start, self.days)
        lasting = Q(**{f"{self.end}__isnull": True}) if self.end else NOTHING
        within = first.begins_from(asked.since) & last.ends_by(asked.until)
        if prefix == "eq":
            return within
        if prefix == "ne":
            return ~within
        if prefix == "gt":
            return last.ends_after(asked.until) | lasting
        if prefix == "lt":
            return first.begins_before(asked.since)
        if prefix == "ge":
            if not self.end and not self.days:
                return first.begins_from(asked.since)
            return within | last.ends_after(asked.until) | lasting
        if prefix == "le":
            if not self.end and not self.days:
                return last.ends_by(asked.until)
            return within | first.begins_before(asked.since)
        if prefix == "sa":
            return first.begins_from(asked.until)
        if prefix == "eb":
            return last.ends_by(asked.since)
        about = asked.wider
        return first.begins_before(about.until) & (last.ends_after(about.since) | lasting)

    def lacking(self) -> Q:
        return Q(**{f"{self.start}__isnull": True})


def moment(name: str, column: str) -> Span:
    return Span(name, column)


def day(name: str, column: str) -> Span:
    return Span(name, column, days=True)


# ------------------------------------------------------------------------------ numbers, references


@dataclass(frozen=True, eq=False)
class Amount(Parameter):
    """A number with its unit: `5.4`, `gt5.4||mmol/L`, `5.4|http://unitsofmeasure.org|mmol/L`.

    `units` are the house's words for what UCUM writes otherwise.
    """

    kind = "quantity"

    column: str
    unit: str
    system: str
    units: Mapping[str, str] = field(default_factory=dict)

    def one(self, text: str, modifier: str, asking: Asking) -> Q:
        written, system, unit = (bars(text) + ["", ""])[:3]
        prefix = written[:2] if written[:2] in PREFIXES else ""
        try:
            value = Decimal(written[len(prefix) :])
        except InvalidOperation:
            refuse(self.name, _("“%(text)s”不是数字。") % {"text": written[:40]})
        if not value.is_finite() or abs(value.adjusted()) > 12:
            refuse(self.name, _("“%(text)s”不是数字。") % {"text": written[:40]})
        if system not in ("", self.system):
            return NOTHING
        found = self._compared(prefix or "eq", value)
        return found & Q(**{self.unit: self.units.get(unit, unit)}) if unit else found

    def _compared(self, prefix: str, value: Decimal) -> Q:
        """A written number stands for all that are rounded to it: 5.4 for 5.35 up to 5.45."""
        exponent = value.as_tuple().exponent
        half = Decimal(5).scaleb((exponent if isinstance(exponent, int) else 0) - 1)
        if prefix == "ap":
            half = abs(value) / 10
        near = Q(**{f"{self.column}__gte": value - half, f"{self.column}__lt": value + half})
        if prefix in ("eq", "ap"):
            return near
        if prefix == "ne":
            return ~near
        lookup = {"gt": "gt", "sa": "gt", "lt": "lt", "eb": "lt", "ge": "gte", "le": "lte"}[prefix]
        return Q(**{f"{self.column}__{lookup}": value})

    def lacking(self) -> Q:
        return Q(**{f"{self.column}__isnull": True})


@dataclass(frozen=True, eq=False)
class Pointer(Parameter):
    """A reference: `Patient/id`, `id`, or the whole address; `:Patient` names the type before it.

    `column` holds the id of what is pointed to.
    """

    kind = "reference"

    column: str
    targets: tuple[str, ...]

    def knows(self, modifier: str) -> bool:
        return not modifier or modifier in (*self.modifiers, *self.targets)

    def one(self, text: str, modifier: str, asking: Asking) -> Q:
        written = plain(text).strip()
        if asking.base and written.startswith(asking.base):
            written = written.removeprefix(asking.base)
        elif "://" in written or written.startswith("urn:"):
            # In another house: nothing here points to it.
            return NOTHING
        kind, slash, key = written.rpartition("/")
        found = read_id(self.name, key)
        wanted = kind if slash else modifier
        if found is None or (wanted and wanted not in self.targets):
            return NOTHING
        if modifier and slash and kind != modifier:
            return NOTHING
        return Q(**{self.column: asking.standing(self.targets, found)})

    def lacking(self) -> Q:
        return Q(**{f"{self.column}__isnull": True})
