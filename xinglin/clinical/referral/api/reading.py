"""A referral as the prepared document of its REST reading.

This is the hottest read of the house: its queries are compiled once for an actor, and the
document is built from the row and not checked against its schema again; a test holds both
equal.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, F
from django.http import Http404
from django.utils import timezone

from xinglin.clinical.record.models import Document
from xinglin.clinical.referral import permissions
from xinglin.clinical.referral.api.schemas import ReferralOut, ReferralRowOut
from xinglin.clinical.referral.models import Referral
from xinglin.kernel.access import Actor
from xinglin.kernel.prepared import SLOT, Cabinet, Prepared
from xinglin.registry.organisations.models import tree

HOUSES = ("from_org", "to_org", "owner", "alternative_org", "follow_up_org")
_MADE = {
    "person",
    "overdue",
    "parent",
    "agreement",
    "cover",
    "encounter",
    "care_plan",
    "acts",
    "documents",
    *HOUSES,
}
PLAIN_ROW = tuple(name for name in ReferralRowOut.model_fields if name not in _MADE)
PLAIN = tuple(name for name in ReferralOut.model_fields if name not in _MADE)
# What a line of a list needs of the wide row.
ROW_COLUMNS = (*PLAIN_ROW, "person__name", "from_org", "to_org", "owner", "parent", "agreement")
COLUMNS = tuple(field.attname for field in Referral._meta.concrete_fields)
DOCUMENT = ("id", "title", "media_type", "size")

_queries: Cabinet[tuple[Prepared, Prepared]] = Cabinet()


def _prepare(actor: Actor) -> tuple[Prepared, Prepared]:
    """The referral with its patient's name, and its documents, for one actor."""
    seen = Referral.objects.visible_to(actor).filter(pk=SLOT)
    documents = Document.objects.filter(referrals=SLOT, voided_at=None).order_by("filed_at", "id")
    named = seen.annotate(
        patient=F("person__name"), has_documents=Exists(documents.order_by().values("pk"))
    )
    return Prepared(named), Prepared(documents.values_list(*DOCUMENT))


def read(actor: Actor, pk: UUID) -> tuple[Referral, dict[str, Any]]:
    """The referral that the actor sees, and its document; Http404 if there is none."""
    one, documents = _queries.get(actor, lambda: _prepare(actor))
    found = one.first(pk)
    if found is None:
        raise Http404
    *values, patient, has_documents = found
    referral = one.row(Referral, COLUMNS, values)
    told = _document(referral, actor, patient)
    lines = documents.all(pk) if has_documents else []
    told["documents"] = [dict(zip(DOCUMENT, line, strict=True)) for line in lines]
    return referral, told


def row(referral: Referral, now: datetime) -> dict[str, Any]:
    """A line of a list; the person must be at hand."""
    facts = referral.__dict__
    told = {name: facts[name] for name in PLAIN_ROW}
    told["person"] = {"id": referral.person_id, "name": referral.person.name}
    for name in ("from_org", "to_org", "owner"):
        told[name] = _house(facts[f"{name}_id"])
    told["parent"] = referral.parent_id
    told["agreement"] = referral.agreement_id
    told["overdue"] = referral.due_at is not None and referral.due_at < now
    return told


def whole(referral: Referral, actor: Actor) -> dict[str, Any]:
    """The document of a referral at hand, with what the actor may do now."""
    told = _document(referral, actor, referral.person.name)
    told["documents"] = list(
        referral.documents.filter(voided_at=None).order_by("filed_at", "id").values(*DOCUMENT)
    )
    return told


def _document(referral: Referral, actor: Actor, patient: str) -> dict[str, Any]:
    facts = referral.__dict__
    told = {name: facts[name] for name in PLAIN}
    told["person"] = {"id": referral.person_id, "name": patient}
    for name in HOUSES:
        told[name] = _house(facts[f"{name}_id"])
    told["parent"] = referral.parent_id
    told["agreement"] = referral.agreement_id
    judged = referral.agreement_id is not None or referral.uncovered
    told["cover"] = referral.cover.sentence if judged else ""
    told["encounter"] = referral.encounter_id
    told["care_plan"] = referral.care_plan_id
    told["overdue"] = referral.due_at is not None and referral.due_at < timezone.now()
    told["acts"] = permissions.open_to(actor, referral)
    return told


def _house(house_id: UUID | None) -> dict[str, Any] | None:
    """Houses are known by name without asking the database."""
    return None if house_id is None else {"id": house_id, "name": tree.name(house_id)}
