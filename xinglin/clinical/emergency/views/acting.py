"""One case: its page, its live part, every act on it, and starting one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinglin.clinical.emergency import actions, catalogue, permissions, rules
from xinglin.clinical.emergency.actions.bedding import held_for
from xinglin.clinical.emergency.forms import ACT_FORMS, ActForm, ObserveForm, OpenForm
from xinglin.clinical.emergency.models import GreenCase
from xinglin.clinical.emergency.story import story
from xinglin.clinical.emergency.views.seen import etag, unchanged
from xinglin.kernel import parameters, trail
from xinglin.kernel.access import REGISTRY, Actor
from xinglin.kernel.errors import Forbidden, Refused
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person, standing
from xinglin.ui.downloads import stored_file
from xinglin.ui.pages import page, wants_part
from xinglin.ui.requests import Request

# How each act reads on a button: a short word, an icon, a key.
BUTTONS: dict[str, tuple[Any, str, str]] = {
    "confirm": (gettext_lazy("确认接收"), "check", "a"),
    "prepare": (gettext_lazy("院前准备"), "clipboard-check", "p"),
    "observe": (gettext_lazy("生命体征"), "heart-rate-monitor", "v"),
    "attach": (gettext_lazy("上传心电图"), "camera", "e"),
    "describe": (gettext_lazy("病情与车辆"), "ambulance", "d"),
    "identify": (gettext_lazy("确认身份"), "id", "i"),
    "stamp": (gettext_lazy("补录时间"), "clock", "t"),
    "correct": (gettext_lazy("更正时间"), "history", ""),
    "admit": (gettext_lazy("登记急诊就诊"), "stethoscope", ""),
    "redirect": (gettext_lazy("更改接收机构"), "arrows-exchange", ""),
    "stand-down": (pgettext_lazy("button", "解除"), "circle-x", ""),
    "report-death": (gettext_lazy("登记死亡"), "circle-x", ""),
}
NEAR = ("confirm", "prepare", "observe", "attach", "identify")


@require_GET
def detail(request: Request, pk: Any) -> HttpResponse:
    """The case with its clock; the reading is traced."""
    case = _one(request, pk)
    _traced(request, case)
    return _show(request, case)


@require_GET
def live(request: Request, pk: Any) -> HttpResponse:
    """The live part alone, or 304 while nothing has changed: one column of one row is read."""
    seen = GreenCase.objects.visible_to(request.actor).filter(pk=pk)
    version = seen.values_list("version", flat=True).first()
    if version is None:
        raise Http404
    tag = etag(request, (str(pk), version))
    if unchanged(request, tag):
        return HttpResponse(status=304, headers={"ETag": tag})
    case = _one(request, pk)
    _traced(request, case)
    return _part(request, case)


def _part(request: Request, case: GreenCase, *, status: int = 200) -> HttpResponse:
    tag = etag(request, (str(case.pk), case.version))
    response = render(request, "emergency/detail.html#live", _context(request, case), status=status)
    response.headers["ETag"] = tag
    return response


def _traced(request: Request, case: GreenCase) -> None:
    basis = permissions.ground(request.actor, case).kept()
    trail.read(request.actor, permissions.READ.code, case, basis=basis, parts="emergency")


def _one(request: Request, pk: Any) -> GreenCase:
    return get_object_or_404(GreenCase.objects.visible_to(request.actor).for_pages(), pk=pk)


@require_http_methods(["GET", "POST"])
def act(request: Request, pk: Any, name: str) -> HttpResponse:
    """Do one act; what was typed comes back with a sentence beside it when it is refused."""
    if name not in ACT_FORMS:
        raise Http404
    case = _one(request, pk)
    if request.method == "GET":
        return redirect(case)
    if name == "stamp" and "now" in request.POST:
        return _stamp_now(request, case)
    form = ACT_FORMS[name](request.POST, request.FILES, actor=request.actor, case=case, prefix=name)
    if form.is_valid():
        try:
            _do(name, case, request, form)
        except Refused as refusal:
            _tell(form, refusal)
        else:
            messages.success(request, _("已完成：%(act)s。") % {"act": _label(name)})
            # Who has sent the patient to a third house sees the case no more.
            seen = GreenCase.objects.visible_to(request.actor).filter(pk=case.pk)
            return redirect(case if seen.exists() else "emergency:board")
    return _show(request, _one(request, pk), status=422, bound={name: form})


def _stamp_now(request: Request, case: GreenCase) -> HttpResponse:
    """One tap: the step is now. The answer is the live part, so that the page need not move."""
    actions.stamp(case, by=request.actor, step=request.POST["now"])
    if wants_part(request):
        return _part(request, _one(request, case.pk))
    return redirect(case)


def _do(name: str, case: GreenCase, request: Request, form: ActForm) -> None:
    told: dict[str, Any] = dict(form.cleaned_data)
    if isinstance(form, ObserveForm):
        actions.observe(
            case, by=request.actor, measured_at=told["measured_at"], values=form.values()
        )
    elif name == "attach":
        actions.attach(case, by=request.actor, content=told["file"], title=told["title"])
    elif name == "correct":
        facts = {key: told[key] for key in ("step", "code", "text")}
        if told["at"] is None:
            actions.withdraw(case, by=request.actor, **facts)
        else:
            actions.correct(case, by=request.actor, at=told["at"], **facts)
    elif name == "identify":
        facts = form.facts()  # type: ignore[attr-defined]
        person = facts.pop("person", None)
        actions.identify(case, by=request.actor, person=person, **({} if person else facts))
    elif name == "redirect":
        actions.redirect(case, by=request.actor, to_org=_house(request, told["to_org"]))
    else:
        getattr(actions, name.replace("-", "_"))(case, by=request.actor, **told)


def _house(request: Request, pk: str) -> Organisation:
    return get_object_or_404(Organisation.objects.visible_to(request.actor), pk=pk)


def _label(name: str) -> Any:
    return REGISTRY[f"emergency.{name}"].label


def _tell(form: ActForm, refusal: Refused) -> None:
    """Put each sentence beside the field it is about, the others on top."""
    placed = {name: text for name, text in refusal.fields.items() if name in form.fields}
    for name, text in placed.items():
        form.add_error(name, text)
    if not placed:
        form.add_error(None, str(refusal))


def _show(
    request: Request,
    case: GreenCase,
    *,
    status: int = 200,
    bound: dict[str, ActForm] | None = None,
) -> HttpResponse:
    bound = bound or {}
    dialogs = [
        {
            "name": name,
            "label": _label(name),
            "short": short,
            "icon": icon,
            "danger": name in ("stand-down", "report-death"),
            "form": bound.get(name) or ACT_FORMS[name](actor=request.actor, case=case, prefix=name),
            "url": reverse("emergency:act", args=[case.pk, name]),
        }
        for name, (short, icon, _key) in BUTTONS.items()
        if REGISTRY[f"emergency.{name}"].allows(request.actor, case)
    ]
    return page(
        request,
        "emergency/detail.html",
        status=status,
        dialogs=dialogs,
        opens=next(iter(bound), ""),
        tag=etag(request, (str(case.pk), case.version)),
        every=parameters.get("emergency.live_seconds"),
        **_context(request, case),
    )


def _context(request: Request, case: GreenCase) -> dict[str, Any]:
    """What the live part shows."""
    actor, now = request.actor, timezone.now()
    allowed = permissions.open_to(actor, case)
    times = case.times
    lines = rules.lines(case.of_kind, times, now=now, over=not case.is_running)
    authors = {step.code: step for step in case.standing}
    rows: list[dict[str, Any]] = [
        {
            "line": line,
            "row": authors.get(line.step.code),
            "mine": "stamp" in allowed
            and line.at is None
            and permissions.on_ones_side(actor, case, line.step),
            "other": case.from_name if line.step.side == "sender" else case.to_name,
        }
        for line in lines
    ]
    following = next(
        (
            row
            for row in rows
            if row["mine"]
            and row["line"].required
            and not row["line"].step.told
            and _in_turn(actor, case, row["line"].step)
        ),
        None,
    )
    readings: dict[Any, list[Any]] = {}
    found = case.observations.filter(voided_at=None).order_by("-measured_at", "code")
    for each in found:
        readings.setdefault((each.measured_at, each.organisation_id, each.author), []).append(each)
    return {
        "case": case,
        "rows": rows,
        "following": following,
        "windows": rules.windows(case.of_kind, times, now=now, over=not case.is_running),
        "contact": times.get("contact"),
        "readings": list(readings.items()),
        "documents": list(case.documents.filter(voided_at=None).order_by("-filed_at")),
        "ready": [(each, each.code in case.prepared) for each in case.of_kind.ready],
        "held": held_for(case),
        "acts": [
            {
                "name": name,
                "short": BUTTONS[name][0],
                "icon": BUTTONS[name][1],
                "key": BUTTONS[name][2],
                "near": name in NEAR,
                "primary": name == "confirm",
            }
            for name in BUTTONS
            if name in allowed
        ],
        "end_reason": catalogue.reasons.label("stand-down", case.end_code) if case.end_code else "",
        "events": story(case),
        "now": now,
    }


def _in_turn(actor: Actor, case: GreenCase, step: catalogue.Step) -> bool:
    """What both may stamp is the first house's turn until the arrival, then the other's."""
    if step.side != "either":
        return True
    return actor.at(case.to_org_id if case.arrived_at else case.from_org_id)


@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    """Two taps: who, and which emergency."""
    actor = request.actor
    if not actor.may(permissions.OPEN.code):
        raise Forbidden(_("当前岗位不能启动绿色通道。"))
    if request.method == "GET":
        person = _person(request)
        form = OpenForm(actor=actor, initial={"person": person.pk} if person else {})
        return _open_page(request, form)
    form = OpenForm(request.POST, actor=actor)
    if form.is_valid():
        told = form.cleaned_data
        case = GreenCase(
            county_id=actor.county_id,
            kind=request.POST.get("kind", ""),
            from_org_id=actor.org_id,
            to_org=_house(request, told["to_org"]) if told["to_org"] else None,
            person=told["person"],
            sex_seen=told["sex_seen"],
            age_about=told["age_about"],
            complaint=told["complaint"],
        )
        try:
            actions.open_case(case, by=actor)
        except actions.CaseRunning as running:
            return _open_page(request, form, status=running.status, running=running)
        except Refused as refusal:
            refusal.put_on(form)
        else:
            messages.success(
                request, _("已通知%(house)s，时间轴开始计时。") % {"house": case.to_name}
            )
            return redirect(case)
    return _open_page(request, form, status=422)


def _open_page(
    request: Request, form: OpenForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    return page(
        request,
        "emergency/new.html",
        status=status,
        form=form,
        kinds=[
            (kind, next(iter(actions.destinations(kind.code, request.actor.org_id)), None))
            for kind in catalogue.kinds().values()
        ],
        advised=request.GET.get("kind", ""),
        **context,
    )


def _person(request: Request) -> Person | None:
    try:
        pk = UUID(request.GET.get("person", ""))
    except ValueError:
        return None
    return Person.objects.visible_to(request.actor).filter(pk=standing(pk)).first()


@require_GET
def attached(request: Request, pk: Any, document: Any) -> HttpResponseBase:
    """The ECG or another paper of the case: for both houses, before the patient is there, too."""
    case = get_object_or_404(GreenCase.objects.visible_to(request.actor), pk=pk)
    paper = get_object_or_404(
        case.documents.filter(voided_at=None).select_related("person"), pk=document
    )
    response = stored_file(
        paper.file,
        title=paper.title,
        media_type=paper.media_type,
        save="download" in request.GET,
    )
    basis = permissions.ATTACHED.kept()
    trail.read(request.actor, "record.read", paper, basis=basis, parts="document")
    return response
