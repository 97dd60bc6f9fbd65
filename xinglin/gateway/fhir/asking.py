"""What a search asks for: filters, order, page and shape, read from the names and values sent.

What is not known is ignored and told, or refused where the caller asked for strictness
(`Prefer: handling=strict`). What is known but cannot be read is always refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Q
from django.utils.translation import gettext as _

from xinglin.gateway.fhir.registry import TYPES, parameters, pointers
from xinglin.kernel.searching import NOTHING, Asking, Offer, Parameter, Pointer, refuse
from xinglin.ui.paging import LARGEST, SIZES

Pairs = Iterable[tuple[str, str]]
USUAL = SIZES[1]
CURSOR = "_cursor"
# How the answer is to look, beside what is searched for.
SHAPES = ("_count", "_elements", "_format", "_include", "_pretty", "_sort", "_summary", "_total")
TOTALS = ("none", "estimate", "accurate")


@dataclass(frozen=True)
class Include:
    """A reference to follow: its parameter's name, and the types it may lead to."""

    name: str
    targets: tuple[str, ...]


@dataclass
class Asked:
    """A search that can be done: for each model of the type what its rows must be."""

    kind: str
    wanted: dict[Offer, Q]
    names: set[str] = field(default_factory=set)
    count: int = USUAL
    sort: list[tuple[str, bool]] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)
    elements: tuple[str, ...] = ()
    total: str = ""
    only_count: bool = False
    pretty: bool = False
    cursor: str = ""
    # As they were understood, for the links of the answer; and what was not.
    applied: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def understood(kind: str, pairs: Pairs, asking: Asking, *, strict: bool = False) -> Asked:
    """Read the names and values of a search for resources of a type."""
    asked = Asked(kind, dict.fromkeys(TYPES[kind], Q()))
    for name, value in pairs:
        if not value.strip():
            continue
        if "\0" in name or "\0" in value:
            refuse(name.replace("\0", ""), _("含有不可用的字符（NUL）。"))
        known = (
            _shape(asked, name, value)
            if name.startswith("_") and name.partition(":")[0] in (*SHAPES, CURSOR)
            else _wish(asked, name, value, asking)
        )
        if known:
            asked.applied.append((name, value))
        elif strict:
            refuse(name, _("这里不支持这个查询参数。"))
        else:
            asked.ignored.append(name[:60])
    return asked


def _wish(asked: Asked, name: str, value: str, asking: Asking) -> bool:
    """Narrow the search by one parameter; False if it is none."""
    found = False
    narrowed: dict[Offer, Q] = {}
    for offer in asked.wanted:
        wish = _filter(offer, name, value, asking)
        narrowed[offer] = NOTHING if wish is None else wish
        found = found or wish is not None
    if found:
        asked.names.add(name.partition(":")[0])
        for offer, wish in narrowed.items():
            asked.wanted[offer] &= wish
    return found


def _filter(offer: Offer, name: str, value: str, asking: Asking) -> Q | None:
    if "." in name:
        return _chained(offer, name, value, asking)
    plain, _colon, modifier = name.partition(":")
    parameter = offer.parameter(plain)
    return None if parameter is None else parameter.filter(value, modifier, asking)


def _chained(offer: Offer, name: str, value: str, asking: Asking) -> Q | None:
    """`patient.identifier=…`: rows that point to something that answers a search of its own."""
    first, _dot, rest = name.partition(".")
    plain, _colon, kind = first.partition(":")
    pointer = offer.parameter(plain)
    if not isinstance(pointer, Pointer) or "." in rest or (kind and kind not in pointer.targets):
        return None
    found = None
    for target in [kind] if kind else pointer.targets:
        for other in TYPES.get(target, ()):
            wish = _filter(other, rest, value, asking)
            if wish is not None:
                keys = other.rows(asking.actor).filter(wish).order_by().values("pk")
                found = (found or NOTHING) | Q(**{f"{pointer.column}__in": keys})
    return found


def _shape(asked: Asked, name: str, value: str) -> bool:
    """Understand how the answer is to look; False for what the house does not do."""
    if name == "_count":
        asked.count = min(_whole(name, value), LARGEST)
        asked.only_count = asked.only_count or asked.count == 0
    elif name == CURSOR:
        asked.cursor = value
    elif name == "_total":
        if value not in TOTALS:
            refuse(name, _("只能是：%(expected)s。") % {"expected": ", ".join(TOTALS)})
        asked.total = value
    elif name == "_summary":
        asked.only_count = asked.only_count or value == "count"
        return value in ("count", "false", "data")
    elif name == "_elements":
        asked.elements = tuple(each.strip() for each in value.split(",") if each.strip())
    elif name == "_sort":
        return _order(asked, value)
    elif name == "_include":
        return _follow(asked, value)
    elif name == "_pretty":
        asked.pretty = value == "true"
    return name in (*SHAPES, CURSOR)


def _whole(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        refuse(name, _("应为整数。"))
    return int(value)


def _order(asked: Asked, value: str) -> bool:
    """All keys of the order, or none: half an order would be another one."""
    keys = []
    for each in filter(None, map(str.strip, value.split(","))):
        name = each.removeprefix("-")
        found: list[Parameter | None] = [offer.parameter(name) for offer in asked.wanted]
        if not all(parameter and parameter.sort for parameter in found):
            return False
        keys.append((name, each.startswith("-")))
    asked.sort = keys
    return True


def _follow(asked: Asked, value: str) -> bool:
    kind, _colon, rest = value.partition(":")
    name, _colon, target = rest.partition(":")
    pointer = pointers(asked.kind).get(name) if kind == asked.kind else None
    if pointer is None or (target and target not in pointer.targets):
        return False
    targets = (target,) if target else tuple(t for t in pointer.targets if t in TYPES)
    asked.includes.append(Include(name, targets))
    return True


def sortable(kind: str) -> list[str]:
    """The parameters of a type by which its resources can be put in order."""
    return [
        name
        for name in parameters(kind)
        if all((found := offer.parameter(name)) is not None and found.sort for offer in TYPES[kind])
    ]
