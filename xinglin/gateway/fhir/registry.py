"""Which types of resource the house offers: one line for each app that has some."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Exists, OuterRef

from xinglin.clinical.capacity.fhir import OFFERS as CAPACITY
from xinglin.clinical.capacity.fhir.beds import IN_BEDS, whereabouts
from xinglin.clinical.capacity.fhir.beds import OFFERS as BEDS
from xinglin.clinical.careplans.fhir import OFFERS as CAREPLANS
from xinglin.clinical.emergency.fhir import OFFERS as EMERGENCY
from xinglin.clinical.orders.fhir import OFFERS as ORDERS
from xinglin.clinical.orders.models import Order
from xinglin.clinical.privacy.fhir import OFFERS as PRIVACY
from xinglin.clinical.record.fhir.offers import OFFERS as RECORD
from xinglin.clinical.record.models import Encounter, Medication
from xinglin.clinical.referral.fhir import OFFERS as REFERRAL
from xinglin.clinical.triage.fhir import OFFERS as TRIAGE
from xinglin.kernel.access import Actor
from xinglin.kernel.searching import Offer, Parameter, Pointer
from xinglin.registry.agreements.fhir import OFFERS as AGREEMENTS
from xinglin.registry.organisations.fhir import OFFERS as ORGANISATIONS
from xinglin.registry.people.fhir import OFFERS as PEOPLE
from xinglin.registry.staff.fhir import OFFERS as STAFF


def _once(offer: Offer) -> Offer:
    """A medicine that an order wrote is told as that order, to whom the order is told."""
    if offer.model is not Medication:
        return offer

    def rows(actor: Actor) -> Any:
        ordered = Order.objects.visible_to(actor).filter(medication_id=OuterRef("pk"))
        return offer.rows(actor).exclude(Exists(ordered))

    return replace(offer, rows=rows)


def _where(offer: Offer) -> Offer:
    """A visit tells the beds in which somebody lay; the record itself does not know of beds."""
    if offer.model is not Encounter:
        return offer

    def write(visit: Any) -> dict[str, Any]:
        told = offer.write(visit)
        lay = whereabouts(getattr(visit, "lay_in", ()))
        return {**told, "location": lay} if lay else told

    def parts(actor: Actor) -> Sequence[Any]:
        return (*offer.parts(actor), IN_BEDS)

    return replace(offer, write=write, parts=parts)


ALL: tuple[Offer, ...] = (
    *ORGANISATIONS,
    *BEDS,
    *STAFF,
    *PEOPLE,
    *AGREEMENTS,
    *CAPACITY,
    *(_where(_once(offer)) for offer in RECORD),
    *ORDERS,
    *TRIAGE,
    *EMERGENCY,
    *CAREPLANS,
    *REFERRAL,
    *PRIVACY,
)

PATIENT = "Patient"
BINARY = "Binary"


def _by_type(offers: Iterable[Offer]) -> dict[str, tuple[Offer, ...]]:
    found: dict[str, tuple[Offer, ...]] = {}
    for offer in offers:
        found[offer.kind] = (*found.get(offer.kind, ()), offer)
    return found


TYPES = _by_type(ALL)
# Types whose resources tell of one patient: they are read under `Patient/id/…`, too.
COMPARTMENT = tuple(
    kind
    for kind, offers in TYPES.items()
    if kind != PATIENT and all(offer.person and offer.parameter("patient") for offer in offers)
)


def parameters(kind: str) -> dict[str, Parameter]:
    """The parameters of a type; those of its second model, too, where it has two."""
    return {each.name: each for offer in reversed(TYPES[kind]) for each in offer.every()}


def pointers(kind: str) -> dict[str, Pointer]:
    """The references of a type that lead to something offered here."""
    return {
        name: each
        for name, each in parameters(kind).items()
        if isinstance(each, Pointer) and any(target in TYPES for target in each.targets)
    }
