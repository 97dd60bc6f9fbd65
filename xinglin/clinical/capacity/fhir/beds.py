"""Wards and beds as FHIR R4 Location; the bed of a visit as Encounter.location. Pure mapping."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, Q

from xinglin.clinical.capacity.models import (
    Bed,
    BedKind,
    BedState,
    BedStay,
    Ward,
    in_the_past_too,
)
from xinglin.kernel.resources import coding, concept, instant, reference, slim
from xinglin.kernel.searching import Offer, Pointer, codes, texts

PHYSICAL = "http://terminology.hl7.org/CodeSystem/location-physical-type"
# HL7 v2 table 0116: what FHIR binds the operational status of a bed to.
OPERATIONAL = "http://terminology.hl7.org/CodeSystem/v2-0116"
KIND = "urn:xinglin:bed-kind"
SEX = "urn:xinglin:room-sex"
STATE = "urn:xinglin:bed-state"
STATUS = {
    BedState.FREE: ("U", "Unoccupied", "active"),
    # The table has no word for a bed that is kept; the extension says so.
    BedState.HELD: ("U", "Unoccupied", "active"),
    BedState.OCCUPIED: ("O", "Occupied", "active"),
    BedState.CLEANING: ("H", "Housekeeping", "active"),
    BedState.BLOCKED: ("C", "Closed", "suspended"),
    BedState.CLOSED: ("C", "Closed", "inactive"),
}


def ward_to_fhir(ward: Ward) -> dict[str, Any]:
    """A ward (病区)."""
    found: dict[str, Any] = slim(
        {
            "resourceType": "Location",
            "id": str(ward.pk),
            "meta": {"lastUpdated": instant(ward.updated_at)},
            "identifier": [{"system": "urn:xinglin:ward", "value": ward.code}],
            "status": "active" if ward.closed_on is None else "inactive",
            "name": ward.name,
            "description": ward.place,
            "mode": "instance",
            "telecom": [{"system": "phone", "value": ward.phone}] if ward.phone else [],
            "physicalType": {"coding": [coding(PHYSICAL, "wa", "Ward")]},
            "managingOrganization": reference("Organization", ward.organisation_id),
        }
    )
    return found


def bed_to_fhir(bed: Bed) -> dict[str, Any]:
    """A bed, and whether it can be given; nobody is named."""
    code, display, status = STATUS[BedState(bed.state)]
    found: dict[str, Any] = slim(
        {
            "resourceType": "Location",
            "id": str(bed.pk),
            "meta": {"lastUpdated": instant(bed.updated_at)},
            "extension": [
                {"url": STATE, "valueCode": bed.state},
                {"url": SEX, "valueCode": bed.room.sex},
            ],
            "status": status,
            "operationalStatus": coding(OPERATIONAL, code, display),
            "name": str(bed),
            "description": bed.full_name,
            "mode": "instance",
            "type": [concept(KIND, bed.kind, str(bed.get_kind_display()))],
            "physicalType": {"coding": [coding(PHYSICAL, "bd", "Bed")]},
            "managingOrganization": reference("Organization", bed.organisation_id),
            "partOf": reference("Location", bed.ward_id),
        }
    )
    return found


def whereabouts(stays: Iterable[BedStay]) -> list[dict[str, Any]]:
    """Encounter.location: the beds in which somebody lay in a visit, the first one first."""
    return [
        slim(
            {
                "location": reference("Location", stay.bed_id),
                "status": "active" if stay.until is None else "completed",
                "period": {"start": instant(stay.since), "end": instant(stay.until)},
            }
        )
        for stay in stays
    ]


# What an Encounter needs for that, fetched for a whole page at once.
IN_BEDS = Prefetch(
    "bed_stays",
    queryset=in_the_past_too(),
    to_attr="lay_in",
)

_BY_STATUS = {
    "active": [BedState.FREE, BedState.HELD, BedState.OCCUPIED, BedState.CLEANING],
    "suspended": [BedState.BLOCKED],
    "inactive": [BedState.CLOSED],
}
_BY_OPERATION = {
    "U": [BedState.FREE, BedState.HELD],
    "O": [BedState.OCCUPIED],
    "H": [BedState.CLEANING],
    "C": [BedState.BLOCKED, BedState.CLOSED],
}

OFFERS = (
    Offer(
        kind="Location",
        model=Ward,
        rows=Ward.objects.visible_to,
        write=ward_to_fhir,
        needed=("status", "name"),
        parameters=(
            texts("name", "name"),
            Pointer("organization", "organisation_id", ("Organization",)),
            codes("status", {"active": Q(closed_on=None), "inactive": Q(closed_on__isnull=False)}),
        ),
    ),
    Offer(
        kind="Location",
        model=Bed,
        rows=Bed.objects.visible_to,
        parts=lambda actor: ("room", "ward"),
        write=bed_to_fhir,
        needed=("status", "name"),
        parameters=(
            texts("name", "number"),
            codes(
                "operational-status",
                {code: Q(state__in=states) for code, states in _BY_OPERATION.items()},
                OPERATIONAL,
            ),
            Pointer("organization", "organisation_id", ("Organization",)),
            Pointer("partof", "ward_id", ("Location",)),
            codes("status", {code: Q(state__in=states) for code, states in _BY_STATUS.items()}),
            codes("type", {kind: Q(kind=kind) for kind in BedKind.values}, KIND),
        ),
    ),
)
