"""`Patient/id/$everything`: all that the reader may see of one patient, whole or in pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse
from django.utils.translation import gettext as _

from xinglin.gateway.fhir.asking import CURSOR, Asked
from xinglin.gateway.fhir.bundles import Entries, searchset
from xinglin.gateway.fhir.outcomes import answer
from xinglin.gateway.fhir.pages import Page
from xinglin.gateway.fhir.registry import COMPARTMENT, PATIENT, TYPES
from xinglin.gateway.fhir.views import asked_in_vain, base_of, door, found
from xinglin.kernel.searching import Asking, Offer, read_date, read_id, refuse
from xinglin.ui.paging import LARGEST
from xinglin.ui.requests import Request


@door("GET")
def everything(request: Request, pk: UUID) -> HttpResponse:
    """The patient, whatever is about them, and the houses named in it.

    Without `_count` all at once. `_type` narrows to types, `_since` to what changed from then.
    """
    actor, base = request.actor, base_of(request)
    asked, kinds, since = _understood(request)
    entries = Entries(actor, base)
    offer, person = found(actor, PATIENT, pk)
    place, after = _place(asked.cursor)
    if not asked.cursor and PATIENT in kinds:
        entries.add(offer, [person])
    offers = [each for kind in COMPARTMENT if kind in kinds for each in TYPES[kind]]
    cursor = ""
    for at, each in enumerate(offers):
        if at < place:
            continue
        rows = _rows(each, pk, since, Asking(actor, base))
        if at == place and after is not None:
            rows = rows.filter(pk__lt=after)
        room = asked.count - len(entries.entries) if asked.count else None
        some = list(rows[: room + 1] if room is not None else rows)
        if room is not None and len(some) > room:
            some = some[:room]
            entries.add(each, some)
            # Where nothing of this type fitted, the next page begins with it.
            cursor = f"{at}.{some[-1].pk if some else ''}"
            break
        entries.add(each, some)
    matched = len(entries.entries)
    if all(kind == PATIENT for kind, _key in entries.seen):
        asked_in_vain(actor, [pk])
    entries.include("Organization", _houses(entries))
    entries.trace()
    whole = not cursor and not asked.cursor
    page = Page([], cursor, "", matched if whole else None)
    return answer(
        searchset(asked, page, entries, f"{base}{PATIENT}/{pk}/$everything"), pretty=asked.pretty
    )


def _rows(offer: Offer, pk: UUID, since: Q, asking: Asking) -> Any:
    pointer = offer.parameter("patient")
    assert pointer is not None
    mine = pointer.filter(str(pk), "", asking)
    return offer.rows(asking.actor).filter(mine, since).order_by("-pk")


def _understood(request: Request) -> tuple[Asked, tuple[str, ...], Q]:
    asked, kinds, since = Asked(PATIENT, {}, count=0), (PATIENT, *COMPARTMENT), Q()
    for name, values in request.GET.lists():
        value = str(values[-1])
        if not value or name == "_format":
            continue
        if name == "_count":
            if not value.isascii() or not value.isdigit() or not 0 < int(value[:9]) <= 10**8:
                refuse(name, _("应为整数。"))
            asked.count = min(int(value[:9]), LARGEST)
        elif name == CURSOR:
            asked.cursor = value
        elif name == "_type":
            kinds = tuple(kind for kind in kinds if kind in value.split(","))
        elif name == "_since":
            _prefix, told = read_date(name, value)
            since = Q(updated_at__gte=told.since)
        elif name == "_pretty":
            asked.pretty = value == "true"
        else:
            asked.ignored.append(name.replace("\0", "")[:60])
            continue
        asked.applied.append((name, value))
    return asked, kinds, since


def _place(cursor: str) -> tuple[int, UUID | None]:
    if not cursor:
        return 0, None
    at, _dot, key = cursor.partition(".")
    if not at.isascii() or not at.isdigit() or len(at) > 3:
        refuse(CURSOR, _("翻页位置无效，请从第一页重新查询。"))
    return int(at), read_id(CURSOR, key) if key else None


def _houses(entries: Entries) -> set[UUID]:
    """The houses to which the entries point, wherever in them."""
    found: set[UUID] = set()

    def look(value: Any) -> None:
        if isinstance(value, dict):
            pointed = value.get("reference")
            if isinstance(pointed, str) and pointed.startswith("Organization/"):
                found.add(UUID(pointed.partition("/")[2]))
            for inner in value.values():
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    look([entry["resource"] for entry in entries.entries])
    return found
