"""Rows as resources, and resources as the bundle that answers a search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.gateway.fhir.asking import CURSOR, Asked
from xinglin.gateway.fhir.outcomes import warning
from xinglin.gateway.fhir.pages import Page
from xinglin.gateway.fhir.parts import with_parts
from xinglin.gateway.fhir.registry import TYPES
from xinglin.kernel import trail
from xinglin.kernel.access import Actor
from xinglin.kernel.resources import instant
from xinglin.kernel.searching import Offer
from xinglin.registry.people.fhir import SUBSETTED
from xinglin.registry.people.models import Person

# What the trail says of this door.
DOOR = "FHIR"


def written(offer: Offer, row: Any) -> dict[str, Any]:
    """The whole resource of a row, with its version.

    Versions sort by the time of the last change. What a resource says may also come from
    elsewhere or from the day (an order that has run out), hence the digest behind it.
    """
    resource = offer.write(row)
    digest = blake2b(orjson.dumps(resource), digest_size=4).hexdigest()
    changed = getattr(row, offer.changed)
    resource["meta"]["versionId"] = f"{round(changed.timestamp() * 1_000_000)}.{digest}"
    return resource


def some_of(
    resource: dict[str, Any], elements: Iterable[str], needed: Iterable[str]
) -> dict[str, Any]:
    """Only these elements, and those without which it would be none or mean something else."""
    kept = {"resourceType", "id", "meta", *elements, *needed}
    told = {name: each for name, each in resource.items() if name in kept}
    told["meta"] = {**told["meta"], "tag": [*told["meta"].get("tag", ()), SUBSETTED]}
    return told


@dataclass
class Entries:
    """The entries of a bundle, and whose data they tell, on what ground."""

    actor: Actor
    base: str
    entries: list[dict[str, Any]] = field(default_factory=list)
    seen: set[tuple[str, UUID]] = field(default_factory=set)
    # By the verb of the reading: each resident with the ground and the parts that were told.
    told: dict[str, dict[UUID, tuple[str, set[str]]]] = field(default_factory=dict)

    def add(
        self,
        offer: Offer,
        rows: Sequence[Any],
        *,
        mode: str = "match",
        elements: Sequence[str] = (),
        listed: bool = False,
    ) -> None:
        """The rows as entries, each resource once."""
        new = [row for row in rows if (offer.kind, row.pk) not in self.seen]
        self.seen |= {(offer.kind, row.pk) for row in new}
        brief = offer.listed if listed else None
        if brief is None:
            with_parts(self.actor, offer, new)
            self._note(offer, new)
        for row in new:
            resource = written(offer, row) if brief is None else brief(row)
            if elements:
                resource = some_of(resource, elements, offer.needed)
            self.entries.append(
                {
                    "fullUrl": f"{self.base}{offer.kind}/{row.pk}",
                    "resource": resource,
                    "search": {"mode": mode},
                }
            )

    def include(self, kind: str, keys: Iterable[UUID]) -> None:
        """What others of the bundle point to, as far as the reader may see it."""
        wanted = {key for key in keys if key and (kind, key) not in self.seen}
        for offer in TYPES[kind] if wanted else ():
            rows = offer.rows(self.actor).filter(pk__in=wanted)
            self.add(offer, list(rows.order_by("pk")), mode="include")

    def _note(self, offer: Offer, rows: Sequence[Any]) -> None:
        """Remember whom the rows are about and what of them, asking for the ground once each."""
        if not offer.person:
            return
        people = self.told.setdefault(offer.verb, {})
        new = {getattr(row, offer.person): row for row in rows}
        unknown = [row for person, row in new.items() if person not in people]
        bases = offer.grounds(self.actor, unknown) if unknown else {}
        for person in new:
            basis = trail.through(bases.get(person, ""), DOOR)
            people.setdefault(person, (basis, set()))[1].add(str(offer.model._meta.model_name))

    def trace(self) -> None:
        """Leave a line for each resident whose data the bundle tells."""
        for verb, people in self.told.items():
            alike: dict[tuple[str, str], list[Person]] = {}
            for key, (basis, parts) in people.items():
                person = Person(pk=key, county_id=self.actor.county_id)
                alike.setdefault((basis, trail.together(parts)), []).append(person)
            for (basis, told), some in alike.items():
                trail.read_all(self.actor, verb, some, basis=basis, parts=told)


def searchset(asked: Asked, page: Page, entries: Entries, address: str) -> dict[str, Any]:
    """The bundle of a page: what was understood, what was found, and the ways to its neighbours."""
    if asked.ignored:
        names = _("、").join(dict.fromkeys(asked.ignored))
        entries.entries.append(
            {
                "resource": warning(_("以下参数不支持，未起作用：%(names)s。") % {"names": names}),
                "search": {"mode": "outcome"},
            }
        )
    kept = [(name, value) for name, value in asked.applied if name != CURSOR]

    def link(relation: str, cursor: str) -> dict[str, str]:
        query = urlencode([*kept, *([(CURSOR, cursor)] if cursor else [])])
        return {"relation": relation, "url": f"{address}?{query}" if query else address}

    links = [link("self", asked.cursor)]
    if asked.cursor:
        links.append(link("first", ""))
    if page.previous:
        links.append(link("previous", page.previous))
    if page.next:
        links.append(link("next", page.next))
    bundle: dict[str, Any] = {
        "resourceType": "Bundle",
        "meta": {"lastUpdated": instant(timezone.now())},
        "type": "searchset",
        "link": links,
    }
    if page.total is not None:
        bundle["total"] = page.total
    if entries.entries:
        bundle["entry"] = entries.entries
    return bundle
