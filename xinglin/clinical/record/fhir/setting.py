"""What a resource needs around it: whom it is about, where, when, and from which system."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from xinglin.clinical.record.models import Encounter, Fact, OfEncounter
from xinglin.kernel.resources import Resource, instant, reference
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person

# Statuses under which a resource tells of nothing that has happened.
ENTERED_IN_ERROR = "entered-in-error"


@dataclass(frozen=True)
class References:
    """What a resource points to, as it was written."""

    subject: str = ""
    encounter: str = ""
    organisation: str = ""
    author: str = ""


@dataclass(frozen=True)
class Setting:
    """The references resolved; `encounter` also lends its time to a fact without one."""

    person: Person
    organisation: Organisation
    encounter: Encounter | None = None
    author: str = ""
    source: str = ""
    source_id: str = ""

    def of_fact(self) -> dict[str, Any]:
        return {
            "person": self.person,
            "organisation": self.organisation,
            "author": self.author[:50],
            "source": self.source,
            "source_id": self.source_id,
        }

    def of_encounter(self) -> dict[str, Any]:
        return {**self.of_fact(), "encounter": self.encounter}

    @property
    def at(self) -> datetime | None:
        return self.encounter.started_at if self.encounter else None


def references(sent: dict[str, Any]) -> References:
    """Whom, where and by whom, for every kind of resource that the record reads."""
    resource = Resource(sent)
    author = ""
    for name in ("recorder", "asserter", "requester", "informationSource"):
        author = author or resource.reference(name)
    organisation = resource.reference("serviceProvider")
    for performer in resource.children("performer") if "performer" in resource else ():
        pointed = performer.text("reference")
        if pointed.startswith("Organization/"):
            organisation = organisation or pointed
        else:
            author = author or pointed
    for participant in resource.children("participant") if "participant" in resource else ():
        author = author or participant.reference("individual")
    return References(
        subject=resource.reference("subject") or resource.reference("patient"),
        encounter=resource.reference("encounter") or resource.reference("context"),
        organisation=organisation,
        author=author,
    )


def head(kind: str, fact: Fact) -> dict[str, Any]:
    """How every resource of the record begins."""
    return {
        "resourceType": kind,
        "id": str(fact.pk),
        "meta": {"lastUpdated": instant(fact.updated_at), "source": _source(fact)},
    }


def _source(fact: Fact) -> str:
    """Where it came from, where that is an address."""
    return fact.source if ":" in fact.source and " " not in fact.source else ""


def encounter_of(fact: OfEncounter) -> dict[str, Any]:
    return reference("Encounter", fact.encounter_id)


def by(fact: Fact) -> dict[str, Any]:
    """The author, whom the record knows by name only."""
    return {"display": fact.author} if fact.author else {}


def local_day(moment: datetime) -> str:
    return timezone.localdate(moment).isoformat()
