"""Facts noted, corrected, and a laboratory's results entered: one task a screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinglin.clinical.privacy.models import open_people, opened
from xinglin.clinical.record import actions, beside, catalogue, permissions
from xinglin.clinical.record.forms import (
    AllergyForm,
    Correcting,
    DiagnosisForm,
    FamilyHistoryForm,
    ImmunizationForm,
    MedicationForm,
    PanelForm,
    ProblemForm,
    ProcedureForm,
    ResultForm,
)
from xinglin.clinical.record.models import (
    KINDS,
    Allergy,
    Diagnosis,
    Encounter,
    Fact,
    FamilyHistory,
    Immunization,
    Medication,
    Observation,
    Problem,
    Procedure,
)
from xinglin.clinical.record.views.reading import allergies_of
from xinglin.clinical.record.views.writing import act, of_visit, visit_of
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Refused
from xinglin.registry.people.models import Person
from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.forms import ModelForm
from xinglin.ui.pages import page
from xinglin.ui.requests import Request


@dataclass(frozen=True)
class Sheet:
    """One kind of fact that is noted by one form; `alone`: without a visit, too."""

    model: Callable[..., Any]
    form: type[ModelForm]
    heading: Any
    correct: Any
    alone: bool = True
    extra: dict[str, str] = field(default_factory=dict)


SHEETS = {
    "diagnosis": Sheet(
        Diagnosis,
        DiagnosisForm,
        gettext_lazy("加诊断"),
        gettext_lazy("更正诊断"),
        alone=False,
    ),
    "problem": Sheet(
        Problem, ProblemForm, gettext_lazy("加健康问题"), gettext_lazy("更正健康问题")
    ),
    "allergy": Sheet(
        Allergy,
        AllergyForm,
        gettext_lazy("记过敏"),
        gettext_lazy("更正过敏"),
        extra={"system": "allergen-kind"},
    ),
    "medication": Sheet(
        Medication, MedicationForm, gettext_lazy("记用药"), gettext_lazy("更正用药")
    ),
    "procedure": Sheet(
        Procedure,
        ProcedureForm,
        gettext_lazy("记手术操作"),
        gettext_lazy("更正手术操作"),
        alone=False,
    ),
    "immunization": Sheet(
        Immunization, ImmunizationForm, gettext_lazy("记预防接种"), gettext_lazy("更正预防接种")
    ),
    "familyhistory": Sheet(
        FamilyHistory, FamilyHistoryForm, gettext_lazy("记家族史"), gettext_lazy("更正家族史")
    ),
}
CORRECTED = {
    **SHEETS,
    "observation": Sheet(
        Observation, ResultForm, gettext_lazy("记检查结果"), gettext_lazy("更正检查结果")
    ),
}


@require_http_methods(["GET", "POST"])
def add(request: Request, pk: UUID, kind: str) -> HttpResponse:
    """Note a fact in a visit."""
    visit = visit_of(request.actor, pk)
    return _note(request, _sheet(kind), visit.person, visit)


@require_http_methods(["GET", "POST"])
def add_alone(request: Request, pk: UUID, kind: str) -> HttpResponse:
    """Note a fact about somebody whom the house treats, outside a visit."""
    sheet = _sheet(kind)
    if not sheet.alone:
        raise Http404
    return _note(request, sheet, _treated(request.actor, pk), None)


def _sheet(kind: str) -> Sheet:
    sheet = SHEETS.get(kind)
    if sheet is None:
        raise Http404
    return sheet


def _treated(actor: Actor, pk: UUID) -> Person:
    """Somebody whose record lies open to the post, and in which its house may write."""
    who: Person = get_object_or_404(open_people(actor), pk=pk)
    permissions.WRITE.check(actor, Problem(person=who, organisation_id=actor.org_id))
    return who


def _note(request: Request, sheet: Sheet, who: Person, visit: Encounter | None) -> HttpResponse:
    actor = request.actor
    form = sheet.form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        fact = sheet.model(
            person=who,
            organisation_id=visit.organisation_id if visit else actor.org_id,
            encounter=visit,
            **form.cleaned_data,
            **(sheet.extra if form.cleaned_data.get("code") else {}),
        )
        try:
            actions.note(fact, by=actor)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("已记入病历：%(fact)s。") % {"fact": fact})
            if visit is None:
                return redirect(who)
            return redirect(beside.next_page(visit, request.POST.get("then", "")))
    opened(actor, who)
    context: dict[str, Any] = {
        "heading": sheet.heading,
        "verb": _("记入病历"),
        "allergies": allergies_of(actor, who),
    }
    if visit is not None:
        # A diagnosis is what most often changes where a patient belongs.
        places = beside.shown(actor, visit) if sheet.model is Diagnosis else []
        return of_visit(request, visit, form, beside=places, **context)
    return act(request, who, form, back=who.get_absolute_url(), **context)


@require_http_methods(["GET", "POST"])
def correct(request: Request, kind: str, pk: UUID) -> HttpResponse:
    """Put the right fact in the place of a wrong one, which stays, struck out."""
    actor = request.actor
    sheet = CORRECTED.get(kind)
    if sheet is None:
        raise Http404
    wrong: Any = get_object_or_404(
        KINDS[kind].objects.visible_to(actor).select_related("person", "organisation"), pk=pk
    )
    permissions.VOID.check(actor, wrong)
    form: Any = type(f"Correct{sheet.form.__name__}", (Correcting, sheet.form), {})(
        request.POST if request.method == "POST" else None, instance=_copy(wrong)
    )
    back = (
        wrong.encounter.get_absolute_url() if wrong.encounter else wrong.person.get_absolute_url()
    )
    if request.method == "POST" and form.is_valid():
        reason, told = form.told()
        changed = {name: value for name, value in told.items() if value != getattr(wrong, name)}
        if not changed:
            form.add_error(None, _("没有改动，请更正后再提交。"))
        else:
            try:
                right = actions.replace(wrong, by=actor, reason=reason, **changed)
            except Refused as error:
                error.put_on(form)
            else:
                messages.success(request, _("已更正为：%(fact)s。") % {"fact": right})
                return redirect(back)
    opened(actor, wrong.person)
    return act(
        request,
        wrong.person,
        form,
        heading=sheet.correct,
        verb=_("更正"),
        notice=_("原记录将作废并保留：%(fact)s。") % {"fact": wrong},
        back=back,
    )


def _copy(fact: Fact) -> Fact:
    """The form writes into what it is given; the fact itself is for the action."""
    twin = type(fact)(**{f.attname: getattr(fact, f.attname) for f in fact._meta.concrete_fields})
    twin._state.adding = False
    return twin


@require_GET
def panels(request: Request, pk: UUID) -> HttpResponse:
    """Which sheet of the laboratory: of a visit."""
    visit = visit_of(request.actor, pk)
    return _choose(request, visit.person, visit)


@require_GET
def panels_alone(request: Request, pk: UUID) -> HttpResponse:
    """Which sheet of the laboratory: outside a visit."""
    return _choose(request, _treated(request.actor, pk), None)


def _choose(request: Request, who: Person, visit: Encounter | None) -> HttpResponse:
    opened(request.actor, who)
    return page(
        request,
        "record/panels.html",
        person=who,
        encounter=visit,
        panels=terminology.code_list("lab-panel").concepts,
        back=(visit or who).get_absolute_url(),
    )


@require_http_methods(["GET", "POST"])
def results(request: Request, pk: UUID, panel: str) -> HttpResponse:
    """Enter the results of one specimen in a visit."""
    visit = visit_of(request.actor, pk)
    return _results(request, panel, visit.person, visit)


@require_http_methods(["GET", "POST"])
def results_alone(request: Request, pk: UUID, panel: str) -> HttpResponse:
    """Enter the results of one specimen outside a visit."""
    return _results(request, panel, _treated(request.actor, pk), None)


def _results(request: Request, panel: str, who: Person, visit: Encounter | None) -> HttpResponse:
    actor = request.actor
    named = terminology.find("lab-panel", panel)
    if named is None or not catalogue.panel(panel):
        raise Http404
    form = PanelForm(panel, who, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            found = actions.report(
                who,
                by=actor,
                encounter=visit,
                measured_at=form.cleaned_data["measured_at"],
                specimen=form.cleaned_data["specimen"],
                results=form.results(),
            )
        except Refused as error:
            if error.fields:
                error.put_on(form)
            else:
                form.add_error(None, str(error))
        else:
            messages.success(
                request,
                _("%(panel)s已记入病历，共 %(count)d 项。")
                % {"panel": named.label, "count": len(found)},
            )
            return redirect(visit or who)
    form.past = _last(actor, who, [item.code for item in form.items])
    opened(actor, who)
    context = {"heading": named.label, "verb": _("记入病历")}
    if visit is not None:
        return of_visit(request, visit, form, **context)
    return act(request, who, form, back=who.get_absolute_url(), **context)


def _last(actor: Actor, who: Person, codes: list[str]) -> dict[str, str]:
    past: dict[str, str] = {}
    known = Observation.objects.visible_to(actor).of(who).standing().newest_first()
    for each in known.filter(system="loinc", code__in=codes):
        if each.code not in past:
            past[each.code] = _("%(result)s（%(day)s）") % {
                "result": each.result,
                "day": f"{each.measured_at:%Y-%m-%d}",
            }
    return past
