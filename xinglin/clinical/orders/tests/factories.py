"""An order as far along its road as a test needs it, brought there by the cast's own acts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from tests import cast
from xinglin.clinical.orders import actions as orders
from xinglin.clinical.orders.models import Order
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Encounter
from xinglin.registry.people.models import Person

AMLODIPINE: dict[str, Any] = {
    "kind": "drug",
    "term": "long",
    "code": "amlodipine-tab",
    "dose_value": Decimal(5),
    "frequency": "qd",
}
CARE: dict[str, Any] = {"kind": "nursing", "term": "long", "code": "care-2"}
BLOOD: dict[str, Any] = {"kind": "laboratory", "term": "temporary", "code": "lab-cbc"}


def admitted(county: cast.Cast, person: Person | None = None, **facts: Any) -> Encounter:
    """A bed in the township's ward since yesterday."""
    return record.start_encounter(
        Encounter(
            person=person or county.patient,
            organisation=county.township,
            kind=facts.pop("kind", Encounter.Kind.INPATIENT),
            started_at=facts.pop("started_at", timezone.now() - timedelta(days=1)),
            department="全科",
            **facts,
        ),
        by=county.wang,
    )


def written(visit: Encounter, **facts: Any) -> Order:
    """An order of this visit, not yet saved."""
    base = AMLODIPINE if facts.get("kind", "drug") == "drug" else {}
    return Order(
        county_id=visit.person.county_id,
        organisation=visit.organisation,
        person=visit.person,
        encounter=visit,
        **{**base, **facts},
    )


def drafted(county: cast.Cast, visit: Encounter, **facts: Any) -> Order:
    return orders.draft(written(visit, **facts), by=county.wang)


def signed(county: cast.Cast, visit: Encounter, **facts: Any) -> Order:
    override = facts.pop("override", "")
    return orders.sign(drafted(county, visit, **facts), by=county.wang, override=override)


def reviewed(county: cast.Cast, visit: Encounter, **facts: Any) -> Order:
    order = signed(county, visit, **facts)
    return orders.accept(order, by=county.fang) if order.state == "review" else order


def running(county: cast.Cast, visit: Encounter, **facts: Any) -> Order:
    return orders.check(reviewed(county, visit, **facts), by=county.ma)
