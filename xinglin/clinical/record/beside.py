"""Places beside a visit that is being written, for apps above to fill.

The record stands below triage and the programmes, so it cannot ask them; each offers a place in
its `ready()`:

    beside.offer("triage", Place(label=_("分诊建议"), panel=panel_of, verb=…, then=then))

`panel(actor, visit)` answers with the address of a part of a page, "" where there is nothing to
show. The page of the visit fetches it once; the forms fetch it again as fields change and send what
is being typed along by POST, so that it stands in no address and no log. A place that is slow or
fails takes nothing away: what is written is saved without asking it. A form with a `verb` shows a
second button, which saves and goes on to `then(visit)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xinglin.clinical.record.models import Encounter
from xinglin.kernel.access import Actor

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Place:
    """What one app shows beside a visit."""

    label: StrOrPromise
    panel: Callable[[Actor, Encounter], str]
    verb: StrOrPromise
    then: Callable[[Encounter], str]


@dataclass(frozen=True)
class Shown:
    """A place for one visit, as a template draws it."""

    name: str
    label: StrOrPromise
    url: str
    verb: StrOrPromise


PLACES: dict[str, Place] = {}


def offer(name: str, place: Place) -> None:
    """Let an app above the record show something beside a visit; once for each name."""
    PLACES[name] = place


def shown(actor: Actor, visit: Encounter) -> list[Shown]:
    """The places that have something to show of a visit, in the order of the apps."""
    found = []
    for name, place in PLACES.items():
        url = place.panel(actor, visit)
        if url:
            found.append(Shown(name, place.label, url, place.verb))
    return found


def next_page(visit: Encounter, name: str) -> str:
    """Where to go after saving: on to a place, or to the page of the visit."""
    place = PLACES.get(name)
    return place.then(visit) if place else visit.get_absolute_url()
