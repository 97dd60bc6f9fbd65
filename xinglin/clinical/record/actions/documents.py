"""Documents: files taken in, and summaries composed of the record."""

from __future__ import annotations

from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.record import permissions
from xinglin.clinical.record.actions.checking import check
from xinglin.clinical.record.actions.correcting import void
from xinglin.clinical.record.models import (
    Allergy,
    Diagnosis,
    Document,
    Encounter,
    HealthCover,
    Medication,
    Observation,
    Procedure,
)
from xinglin.kernel import clock
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused, WrongState
from xinglin.kernel.papers import WrongFile, take_in
from xinglin.registry.terminology import catalogue as terminology

__all__ = ["WrongFile", "attach", "file_document", "file_front_page", "file_summary"]


@action(permissions.FILE)
def file_document(document: Document, *, by: Actor, content: File[bytes]) -> Document:
    """File a document: its type is read from its bytes, its size limited, its digest kept."""
    attach(document, content)
    check(document)
    document.author = document.author or by.name
    document.save(force_insert=True)
    return document


SUMMARY_WORDS = ("admission", "course", "condition", "advice")


def file_summary(visit: Encounter, *, by: Actor, **words: str) -> Document:
    """File the discharge summary (出院小结) of a stay, composed of what its record says.

    `words`: state on admission, course, state at discharge, advice. One filed before is replaced.
    """
    if visit.kind != Encounter.Kind.INPATIENT:
        raise Refused(_("只有住院才有出院小结。"))
    if visit.ended_at is None:
        raise WrongState(_("请先办理出院，再写出院小结。"))
    told = {name: words.get(name, "").strip() for name in SUMMARY_WORDS}
    missing = {name: _("请填写此项。") for name in ("course", "advice") if not told[name]}
    if missing:
        raise Refused(_("出院小结须写明诊疗经过和出院医嘱。"), fields=missing)
    medicines = Medication.objects.filter(encounter=visit, voided_at=None)
    results = Observation.objects.filter(
        encounter=visit, voided_at=None, interpretation__in=("H", "L", "HH", "LL", "A", "POS")
    )
    data = {
        **_of_stay(visit),
        **told,
        "medicines": [str(each) for each in medicines.order_by("started_on", "id")],
        "results": [str(each) for each in results.order_by("measured_at", "id")],
    }
    return _compose(visit, Document.Kind.DISCHARGE, data, by=by)


def file_front_page(visit: Encounter, *, by: Actor, **told: str) -> Document:
    """File the front page of a stay (病案首页), composed of what its record says.

    `told` is what the record does not know: how the patient came (`route`), the doctors and the
    nurse in charge, the quality of the record. Costs are the insurer's list, not here. One
    filed before is replaced.
    """
    if visit.kind != Encounter.Kind.INPATIENT:
        raise Refused(_("只有住院才有病案首页。"))
    if visit.ended_at is None:
        raise WrongState(_("请先办理出院，再写病案首页。"))
    stay = _of_stay(visit)
    mains = [each for each in stay["diagnoses"] if each["main"]]
    if len(mains) != 1:
        raise Refused(
            _("病案首页须有且只有一个主要诊断，现有 %(count)d 个。") % {"count": len(mains)}
        )
    unsaid = [each["name"] for each in stay["diagnoses"] if not each["on_admission"]]
    if unsaid:
        raise Refused(_("请先补齐入院病情：%(names)s。") % {"names": _("、").join(unsaid)})
    if told.get("route"):
        terminology.require("admission-route", told["route"], field="route")
    cover = HealthCover.objects.filter(person=visit.person, voided_at=None).first()
    allergies = Allergy.objects.filter(
        person=visit.person, voided_at=None, status=Allergy.Status.ACTIVE
    )
    data = {
        **stay,
        **{name: str(value).strip() for name, value in told.items()},
        "abo": cover.abo if cover else "",
        "rh": cover.rh if cover else "",
        "allergies": [each.substance for each in allergies],
        "payment": visit.person.payment_type,
    }
    return _compose(visit, Document.Kind.FRONT_PAGE, data, by=by)


def _of_stay(visit: Encounter) -> dict[str, Any]:
    assert visit.ended_at is not None
    days = (timezone.localdate(visit.ended_at) - timezone.localdate(visit.started_at)).days
    diagnoses = Diagnosis.objects.filter(encounter=visit, voided_at=None)
    procedures = Procedure.objects.filter(encounter=visit, voided_at=None)
    if not diagnoses:
        raise Refused(_("请先填写出院诊断。"))
    return {
        "department": visit.department,
        "visit_no": visit.visit_no,
        "started_at": visit.started_at.isoformat(),
        "ended_at": visit.ended_at.isoformat(),
        "days": max(days, 1),
        "discharge_way": visit.discharge_way,
        "outcome": visit.outcome,
        "diagnoses": [
            {
                "code": each.code,
                "name": each.name,
                "main": each.main,
                "on_admission": each.on_admission,
            }
            for each in diagnoses.order_by("-main", "happened_at", "id")
        ],
        "procedures": [
            {
                "code": each.code,
                "name": each.name,
                "on": timezone.localdate(each.performed_at).isoformat(),
                "operator": each.operator,
                "grade": each.grade,
                "anaesthesia": each.anaesthesia,
                "healing": each.healing,
            }
            for each in procedures.order_by("-main", "happened_at", "id")
        ],
    }


def _compose(visit: Encounter, kind: str, data: dict[str, Any], *, by: Actor) -> Document:
    """File what was composed, in the place of one composed before."""
    label = Document.Kind(kind).label
    paper = Document(
        person=visit.person,
        organisation=visit.organisation,
        encounter=visit,
        kind=kind,
        title=_("%(kind)s %(day)s")
        % {"kind": label, "day": timezone.localdate(visit.ended_at).isoformat()},
        data=data,
        filed_at=clock.now(),
    )
    with transaction.atomic():
        earlier = (
            Document.objects.filter(encounter=visit, kind=kind, file="", voided_at=None)
            .order_by("-happened_at")
            .first()
        )
        if earlier is not None:
            void(earlier, by=by, reason=_("重新生成"))
            paper.replaces = earlier
        return _file(paper, by=by)


@action(permissions.FILE)
def _file(document: Document, *, by: Actor) -> Document:
    """File a document that was composed of the record."""
    check(document)
    document.author = document.author or by.name
    document.save(force_insert=True)
    return document


def attach(document: Document, content: File[bytes]) -> None:
    """Take the file in: refuse it by size or type, else keep digest, size and type."""
    taken = take_in(content)
    document.digest = taken.digest
    document.media_type = taken.media_type
    document.size = taken.size
    document.filed_at = document.filed_at or clock.now()
    document.title = document.title or taken.name[:200]
    # Stored when the row is, not before.
    document.file = taken.file
