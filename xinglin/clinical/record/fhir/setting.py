"""What a resource needs around it: whom it is about, where, when, and from which system."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from xinglin.clinical.record.models import Encounter, Fact, OfEncounter
from xinglin.kernel.resources import Resource, concept, instant, reference
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person
from xinglin.registry.terminology import catalogue as terminology

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
    organisation = resource.reference("serviceProvider") or resource.reference("custodian")
    for performer in resource.children("performer") if "performer" in resource else ():
        organisation = organisation or performer.reference("onBehalfOf")
        pointed = performer.text("reference") or performer.reference("actor")
        if pointed.startswith("Organization/"):
            organisation = organisation or pointed
        else:
            author = author or pointed
    for participant in resource.children("participant") if "participant" in resource else ():
        author = author or participant.reference("individual")
    for each in resource.children("author") if "author" in resource else ():
        author = author or each.text("reference")
    visit = resource.reference("encounter")
    if not visit and "context" in resource:
        context = resource.child("context")
        visit = context.text("reference") or context.first("encounter").text("reference")
    return References(
        subject=resource.reference("subject") or resource.reference("patient"),
        encounter=visit,
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


def named(system: str, code: str) -> str:
    """What a code of the catalogue is called; in Chinese, as names in the record are."""
    found = terminology.find(system, code) if code else None
    return found.zh if found else code


def code_of(system: str, words: str) -> str:
    """The code that is called so, or is so itself; "" of unknown words."""
    known = terminology.code_list(system).concepts
    return next((each.code for each in known if words in (each.code, each.zh, each.en)), "")


def said_by(code: str, system: str) -> dict[str, Any]:
    """A concept of one of the house's own lists."""
    return concept(f"urn:xinglin:{system}", code, named(system, code)) if code else {}
