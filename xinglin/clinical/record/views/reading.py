"""Reading: a person, an encounter, a document, the printed life. Every reading is traced."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from xinglin.clinical.record import permissions, rules
from xinglin.clinical.record.forms import TimelineForm
from xinglin.clinical.record.models import (
    KINDS,
    Allergy,
    Diagnosis,
    Document,
    Encounter,
    Fact,
    FamilyHistory,
    HealthCover,
    Immunization,
    Medication,
    Observation,
    OfEncounter,
    Problem,
    Procedure,
    ground,
    life,
    open_people,
    timeline,
)
from xinglin.kernel import parameters, trail
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people import permissions as people_permissions
from xinglin.registry.people.models import Identifier, Person
from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request

PRINTED = 500
ICONS: dict[type[Fact], str] = {
    Encounter: "stethoscope",
    Diagnosis: "clipboard-heart",
    Observation: "activity-heartbeat",
    Allergy: "alert-triangle",
    Medication: "pill",
    Problem: "flag",
    Procedure: "first-aid-kit",
    Immunization: "vaccine",
    FamilyHistory: "users",
    HealthCover: "id",
    Document: "file-text",
}


@require_GET
def person(request: Request, pk: UUID) -> HttpResponse:
    """Who somebody is; and, for those who treat them, everything that happened to them."""
    actor = request.actor
    who = get_object_or_404(Person.objects.visible_to(actor).select_related("managed_by"), pk=pk)
    context: dict[str, Any] = {"person": who, "identity": _identity(who), **_acts(actor, who)}
    if not open_people(actor).filter(pk=pk).exists():
        return page(request, "record/closed.html", **context)
    opened(actor, who)
    filters = TimelineForm(_houses_of(actor, who), request.GET)
    filters.is_valid()
    asked = filters.cleaned_data
    kinds = [asked["kind"]] if asked.get("kind") in KINDS else []
    found = timeline(actor, who, kinds, house=asked.get("house"), voided=asked.get("voided", False))
    pager = paginate(request, found, parameters.get("paging.page_size"))
    rows_shown: Iterable[Any] = pager.items
    return page(
        request,
        "record/person.html",
        part="list",
        filters=filters,
        pager=pager,
        events=story(actor, life(actor, rows_shown)),
        **summary(actor, who),
        **context,
    )


def _houses_of(actor: Actor, who: Person) -> Any:
    """The houses that wrote in somebody's record."""
    first, *others = (
        model.objects.visible_to(actor).of(who).order_by().values_list("organisation_id", flat=True)
        for model in KINDS.values()
    )
    ids = set(first.union(*others))
    return Organisation.objects.visible_to(actor).filter(pk__in=ids).in_order()


@require_GET
def encounter(request: Request, pk: UUID) -> HttpResponse:
    """One visit or stay and what was found, given and filed in it."""
    actor = request.actor
    visit = get_object_or_404(
        Encounter.objects.visible_to(actor).select_related("person", "organisation"), pk=pk
    )
    opened(actor, visit.person)
    may_write = visit.voided_at is None and permissions.WRITE.allows(actor, visit)

    def facts(model: type[Fact]) -> list[dict[str, Any]]:
        rows = model.objects.visible_to(actor).filter(encounter=visit)
        return [
            {
                "fact": fact,
                "kind": fact._meta.model_name,
                "may_void": fact.voided_at is None and permissions.VOID.allows(actor, fact),
                "may_correct": not isinstance(fact, Document)
                and fact.voided_at is None
                and permissions.VOID.allows(actor, fact),
            }
            for fact in rows.select_related("organisation", "person").order_by("happened_at", "id")
        ]

    return page(
        request,
        "record/encounter.html",
        encounter=visit,
        person=visit.person,
        allergies=allergies_of(actor, visit.person),
        diagnoses=facts(Diagnosis),
        observations=facts(Observation),
        allergy_facts=facts(Allergy),
        medications=facts(Medication),
        problems=facts(Problem),
        procedures=facts(Procedure),
        immunizations=facts(Immunization),
        documents=facts(Document),
        stay=visit.kind == Encounter.Kind.INPATIENT and visit.ended_at is not None,
        ended={
            "discharge_way": _named("discharge-way", visit.discharge_way),
            "outcome": _named("outcome", visit.outcome),
        },
        may_write=may_write,
        may_file=visit.voided_at is None and permissions.FILE.allows(actor, visit),
        may_describe=may_write and visit.ended_at is None,
        may_void=visit.voided_at is None and permissions.VOID.allows(actor, visit),
    )


@require_GET
def paper(request: Request, pk: UUID) -> HttpResponse:
    """The timeline on paper, the newest first."""
    actor = request.actor
    who = get_object_or_404(open_people(actor), pk=pk)
    opened(actor, who)
    rows = timeline(actor, who)
    return page(
        request,
        "record/print.html",
        person=who,
        events=story(actor, life(actor, rows[:PRINTED])),
        total=rows.count(),
        printed=PRINTED,
        printed_by=f"{actor.org_name} {actor.name}",
        printed_at=timezone.now(),
        **summary(actor, who),
    )


def _named(system: str, code: str) -> str:
    concept = terminology.find(system, code) if code else None
    return concept.label if concept else code


def opened(actor: Actor, who: Person) -> None:
    """Write in the trail that the person's record lay open, and on what ground."""
    trail.read(actor, permissions.READ.code, who, basis=ground(actor, who))


def allergies_of(actor: Actor, who: Person) -> list[Allergy]:
    """What must not be given, the severe first."""
    known = Allergy.objects.visible_to(actor).of(who).standing()
    return list(known.filter(status=Allergy.Status.ACTIVE).order_by("-severe", "-happened_at"))


def summary(actor: Actor, who: Person) -> dict[str, Any]:
    """What must be known before anything is done: allergies, medicines, problems, last signs."""
    today = timezone.localdate()
    problems: dict[str, Diagnosis] = {}
    for diagnosis in Diagnosis.objects.visible_to(actor).of(who).standing().newest_first():
        problems.setdefault(diagnosis.code, diagnosis)
    signs: dict[str, Observation] = {}
    measured = Observation.objects.visible_to(actor).of(who).standing().newest_first()
    for observation in measured.filter(kind=Observation.Kind.VITAL):
        signs.setdefault(observation.code, observation)
    visits = Encounter.objects.visible_to(actor).of(who).standing().newest_first()
    return {
        "allergies": allergies_of(actor, who),
        "medications": Medication.objects.visible_to(actor).of(who).in_use(today).newest_first(),
        "problems": list(problems.values()),
        "signs": [signs[sign.loinc] for sign in rules.VITAL_SIGNS if sign.loinc in signs],
        "open_visits": visits.filter(ended_at=None, organisation_id=actor.org_id),
    }


def story(actor: Actor, facts: Iterable[Fact]) -> list[dict[str, Any]]:
    """Facts as the timeline tells them; what was measured together is one line."""
    events: list[dict[str, Any]] = []
    together: Any = None
    for fact in facts:
        key = _taken_together(fact)
        if key is not None and key == together:
            # The newest comes first, so what was written first stands last.
            events[-1]["what"] = f"{fact}{_('，')}{events[-1]['what']}"
            continue
        together = key
        events.append(_event(actor, fact))
    return events


def _taken_together(fact: Fact) -> Any:
    if not isinstance(fact, Observation) or fact.voided_at is not None:
        return None
    return fact.organisation_id, fact.encounter_id, fact.measured_at, fact.kind


def _event(actor: Actor, fact: Fact) -> dict[str, Any]:
    url, note, tone = "", "", "plain"
    if isinstance(fact, Encounter | Document):
        url = fact.get_absolute_url()
    elif isinstance(fact, OfEncounter) and fact.encounter_id:
        url = Encounter(pk=fact.encounter_id).get_absolute_url()
    if isinstance(fact, Encounter):
        tone = "brand"
        note = _("；").join(filter(None, (fact.complaint, fact.treatment)))
    elif isinstance(fact, Allergy):
        tone = "bad"
        note = fact.reaction
    if fact.voided_at is not None:
        tone = "plain"
        note = _("已由%(who)s作废：%(reason)s") % {
            "who": fact.voided_by,
            "reason": fact.void_reason,
        }
    return {
        "at": getattr(fact, fact.WHEN),
        "who": fact.author,
        "org": str(fact.organisation),
        "label": fact.get_kind_display()
        if isinstance(fact, Observation)
        else fact._meta.verbose_name,
        "what": _said(fact),
        "note": note,
        "icon": ICONS[type(fact)],
        "tone": tone,
        "url": url,
        "kind": fact._meta.model_name,
        "fact": fact,
        # What belongs to a visit is struck out on the visit's page.
        "may_void": not _of_visit(fact)
        and fact.voided_at is None
        and permissions.VOID.allows(actor, fact),
    }


def _of_visit(fact: Fact) -> bool:
    return not isinstance(fact, OfEncounter) or fact.encounter_id is not None


def _said(fact: Fact) -> str:
    if isinstance(fact, Encounter):
        return " · ".join(filter(None, (fact.get_kind_display(), fact.department)))
    return str(fact)


def _identity(who: Person) -> list[dict[str, Any]]:
    keeper = who.managed_by
    return [
        {"label": _("出生日期"), "value": who.birth_date},
        {"label": _("居民健康档案编号"), "value": who.health_record_no},
        {
            "label": _("管理机构"),
            "value": keeper or "",
            "url": keeper.get_absolute_url() if keeper else "",
            "reason": _("未建档"),
        },
        {"label": _("联系人"), "value": who.contact_name},
        {"label": _("住址"), "value": who.township + who.village, "wide": True},
    ]


def _acts(actor: Actor, who: Person) -> dict[str, bool]:
    new = Encounter(person=who, organisation_id=actor.org_id)
    alive = who.deceased_on is None
    return {
        "may_start": alive and permissions.WRITE.allows(actor, new),
        "may_refer": alive and actor.may("referral.draft"),
        "may_correct": people_permissions.CORRECT.allows(actor, who),
        "may_void": people_permissions.VOID.allows(actor, who),
        "may_report_death": alive and people_permissions.REPORT_DEATH.allows(actor, who),
        "may_identify": people_permissions.IDENTIFY.allows(
            actor, Identifier(person=who, county_id=who.county_id)
        ),
    }
