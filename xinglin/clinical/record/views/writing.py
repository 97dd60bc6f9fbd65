"""Writing: visits begun, described and ended, and the facts noted in them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from xinglin.clinical.privacy import actions as privacy
from xinglin.clinical.privacy.models import is_open, opened
from xinglin.clinical.record import actions, beside, permissions, rules
from xinglin.clinical.record.forms import (
    DescribeForm,
    DocumentForm,
    EndForm,
    ProofForm,
    StartForm,
    StopForm,
    VitalsForm,
    VoidForm,
)
from xinglin.clinical.record.models import (
    KINDS,
    Document,
    Encounter,
    Medication,
    Observation,
)
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Refused
from xinglin.registry.people.models import Person
from xinglin.ui.pages import form_page
from xinglin.ui.requests import Request


@require_http_methods(["GET", "POST"])
def start(request: Request, pk: UUID) -> HttpResponse:
    """Begin a visit; with the resident's code or card the house reads the record from here."""
    actor = request.actor
    who = get_object_or_404(Person.objects.visible_to(actor), pk=pk)
    visit = Encounter(person=who, organisation_id=actor.org_id)
    permissions.WRITE.check(actor, visit)
    known = is_open(actor, who)
    form = StartForm(request.POST if request.method == "POST" else None, known=known)
    if request.method == "POST" and form.is_valid():
        proof = form.cleaned_data.pop("proof", "")
        for name, value in form.cleaned_data.items():
            setattr(visit, name, value)
        try:
            shown = privacy.present(who, proof, by=actor) if proof else None
            actions.start_encounter(visit, by=actor, presence=shown)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(
                request,
                _("已为%(name)s登记%(kind)s。")
                % {"name": who.name, "kind": visit.get_kind_display()},
            )
            return redirect(visit)
    return act(
        request,
        who,
        form,
        heading=_("登记就诊"),
        verb=_("开始就诊"),
        notice=""
        if known
        else _("核对授权码或身份证后即可查阅既往病历；没有也可先登记，只是病历暂不打开。"),
        back=who.get_absolute_url(),
    )


@require_POST
def unlock(request: Request, pk: UUID) -> HttpResponse:
    """Open the record of somebody who is here, for the visit that goes on or for the day."""
    actor = request.actor
    who = get_object_or_404(Person.objects.visible_to(actor), pk=pk)
    form = ProofForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("请输入 6 位授权码或完整的身份证号码。"))
        return redirect(who)
    try:
        shown = privacy.present(who, form.cleaned_data["proof"], by=actor)
        visits = Encounter.objects.visible_to(actor).of(who).standing().newest_first()
        visit = visits.filter(ended_at=None, organisation_id=actor.org_id).first()
        if visit is not None and permissions.WRITE.allows(actor, visit):
            actions.vouch(visit, by=actor, presence=shown)
        else:
            privacy.open_record(shown, by=actor)
    except (privacy.NotProven, privacy.TooManyTries) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("已打开%(name)s的病历，查阅均留痕。") % {"name": who.name})
    return redirect(who)


@require_http_methods(["GET", "POST"])
def describe(request: Request, pk: UUID) -> HttpResponse:
    """Write complaint, history and treatment."""
    actor = request.actor
    visit = visit_of(actor, pk)
    form = DescribeForm(request.POST if request.method == "POST" else None, instance=visit)
    if request.method == "POST" and form.is_valid():
        try:
            actions.describe_encounter(visit, by=actor, **form.cleaned_data)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("病历已保存。"))
            return redirect(beside.next_page(visit, request.POST.get("then", "")))
    opened(actor, visit)
    return of_visit(
        request,
        visit,
        form,
        heading=_("书写病历"),
        verb=_("保存"),
        draft=f"encounter-{visit.pk}",
        beside=beside.shown(actor, visit),
    )


@require_http_methods(["GET", "POST"])
def measure(request: Request, pk: UUID) -> HttpResponse:
    """Note the vital signs taken at one time."""
    actor = request.actor
    visit = visit_of(actor, pk)
    form = VitalsForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.measure(
                visit,
                by=actor,
                measured_at=form.cleaned_data["measured_at"],
                values=form.values(),
            )
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("体征已记入病历。"))
            return redirect(beside.next_page(visit, request.POST.get("then", "")))
    form.past = _last_signs(actor, visit.person)
    opened(actor, visit)
    return of_visit(
        request,
        visit,
        form,
        heading=_("记体征"),
        verb=_("记入病历"),
        beside=beside.shown(actor, visit),
    )


def _last_signs(actor: Actor, who: Person) -> dict[str, str]:
    past: dict[str, str] = {}
    signs = Observation.objects.visible_to(actor).of(who).standing().newest_first()
    for observation in signs.filter(system="loinc", kind=Observation.Kind.VITAL):
        sign = rules.VITAL_BY_LOINC.get(observation.code)
        if sign is not None and sign.field not in past:
            past[sign.field] = _("%(result)s（%(day)s）") % {
                "result": observation.result,
                "day": f"{observation.measured_at:%Y-%m-%d}",
            }
    return past


@require_http_methods(["GET", "POST"])
def file_document(request: Request, pk: UUID) -> HttpResponse:
    """File a report, a summary, a signed paper."""
    actor = request.actor
    visit = visit_of(actor, pk, permissions.FILE)
    form = DocumentForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
    )
    if request.method == "POST" and form.is_valid():
        paper = Document(
            person=visit.person,
            organisation=visit.organisation,
            encounter=visit,
            kind=form.cleaned_data["kind"],
            title=form.cleaned_data["title"],
        )
        try:
            actions.file_document(paper, by=actor, content=form.cleaned_data["file"])
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("已归档：%(title)s。") % {"title": paper.title})
            return redirect(visit)
    return of_visit(request, visit, form, heading=_("归档文档"), verb=_("上传"), files=True)


@require_http_methods(["GET", "POST"])
def end(request: Request, pk: UUID) -> HttpResponse:
    """Close the visit, or discharge the patient."""
    actor = request.actor
    visit = visit_of(actor, pk)
    form = EndForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.end_encounter(visit, by=actor, **form.cleaned_data)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("就诊已结束。"))
            return redirect(visit)
    return of_visit(
        request,
        visit,
        form,
        heading=_("结束就诊"),
        verb=_("结束就诊"),
        notice=_("结束后不能再修改主诉、现病史和处理；诊断和报告仍可补记。"),
    )


@require_http_methods(["GET", "POST"])
def stop(request: Request, pk: UUID) -> HttpResponse:
    """Note the last day of a medicine."""
    actor = request.actor
    medicine = get_object_or_404(
        Medication.objects.visible_to(actor).select_related("person", "organisation"), pk=pk
    )
    permissions.WRITE.check(actor, medicine)
    form = StopForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.stop_medication(medicine, by=actor, **form.cleaned_data)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("已停用%(name)s。") % {"name": medicine.name})
            return redirect(medicine.person)
    opened(actor, medicine)
    return act(
        request,
        medicine.person,
        form,
        heading=_("停用药品"),
        verb=_("停用"),
        notice=str(medicine),
        back=medicine.person.get_absolute_url(),
    )


@require_http_methods(["GET", "POST"])
def void(request: Request, kind: str, pk: UUID) -> HttpResponse:
    """Strike out a wrong fact, with the reason; the row stays."""
    actor = request.actor
    model = KINDS.get(kind)
    if model is None:
        raise Http404
    fact = get_object_or_404(
        model.objects.visible_to(actor).select_related("person", "organisation"), pk=pk
    )
    permissions.VOID.check(actor, fact)
    visit = getattr(fact, "encounter", None)
    back = visit.get_absolute_url() if visit else fact.person.get_absolute_url()
    form = VoidForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        actions.void(fact, by=actor, reason=form.words())
        messages.success(request, _("已作废：%(fact)s。") % {"fact": fact})
        return redirect(back)
    opened(actor, fact)
    warning = _("将作废：%(fact)s。作废后不再计入病历，但连同原因保留可查。") % {"fact": fact}
    if isinstance(fact, Encounter) and (along := len(actions.inside(fact))):
        warning += _("其中记入的 %(count)d 项内容一并作废。") % {"count": along}
    return act(
        request,
        fact.person,
        form,
        heading=_("作废%(kind)s") % {"kind": model._meta.verbose_name},
        verb=_("作废"),
        warning=warning,
        back=back,
    )


def visit_of(actor: Actor, pk: UUID, permission: Any = permissions.WRITE) -> Encounter:
    """The encounter that is to be written in; 404 for strangers, 403 for other houses."""
    visit: Encounter = get_object_or_404(
        Encounter.objects.visible_to(actor).select_related("person", "organisation"), pk=pk
    )
    permission.check(actor, visit)
    return visit


def of_visit(request: Request, visit: Encounter, form: Any, **context: Any) -> HttpResponse:
    """The page of one act in a visit."""
    return act(
        request, visit.person, form, encounter=visit, back=visit.get_absolute_url(), **context
    )


def act(request: Request, who: Person, form: Any, **context: Any) -> HttpResponse:
    """The page of one act in somebody's record."""
    return form_page(request, "record/form.html", form, person=who, **context)
