"""One referral, and every act on it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinglin.clinical.record.models import Document
from xinglin.clinical.referral import actions, permissions, rules
from xinglin.clinical.referral.actions.covering import judge
from xinglin.clinical.referral.destinations.choosing import NOTHING_KEPT, read_choice
from xinglin.clinical.referral.destinations.held import held_by
from xinglin.clinical.referral.forms import ACT_FORMS, AttachForm, act_form
from xinglin.clinical.referral.models import Referral, State
from xinglin.clinical.referral.story import stages, story
from xinglin.kernel import trail
from xinglin.kernel.access import REGISTRY
from xinglin.kernel.errors import Refused, WrongState
from xinglin.registry.organisations.models import tree
from xinglin.ui.forms import Form
from xinglin.ui.pages import page, wants_part
from xinglin.ui.requests import Request

# How each act reads on a button: a short word, an icon, a key.
BUTTONS: dict[str, tuple[Any, str, str]] = {
    "submit": (gettext_lazy("提交申请"), "send", "s"),
    "approve": (gettext_lazy("同意转出"), "shield-check", "y"),
    "accept": (pgettext_lazy("button", "接收"), "check", "a"),
    "waitlist": (pgettext_lazy("button", "候诊"), "hourglass", "w"),
    "decline": (pgettext_lazy("button", "拒绝"), "ban", "x"),
    "depart": (gettext_lazy("登记出发"), "ambulance", "d"),
    "receive": (gettext_lazy("登记到诊"), "map-pin", "r"),
    "treat": (gettext_lazy("开始诊治"), "stethoscope", "t"),
    "propose-down": (pgettext_lazy("button", "建议下转"), "arrow-back-up", "b"),
    "discharge": (gettext_lazy("诊毕出院"), "logout", "o"),
    "close": (gettext_lazy("回执结案"), "receipt", "c"),
    "follow-up": (gettext_lazy("登记随访"), "clipboard-heart", "f"),
    "file-insurance": (gettext_lazy("转诊备案"), "file-text", "i"),
    "redirect": (gettext_lazy("改转"), "arrows-exchange", "g"),
    "cancel": (gettext_lazy("取消转诊"), "x", ""),
    "end": (gettext_lazy("终止转诊"), "circle-x", ""),
}
USUAL = (
    "submit",
    "approve",
    "accept",
    "receive",
    "treat",
    "close",
    "follow-up",
    "redirect",
)
# Answers that stand beside the usual next step; the others are in the menu.
ANSWERS = ("waitlist", "decline", "propose-down", "discharge", "redirect")


@require_GET
def detail(request: Request, pk: Any) -> HttpResponse:
    """The referral with its story; the reading is traced."""
    referral = _one(request, pk, open_to_carers=True)
    trail.read(
        request.actor,
        permissions.READ.code,
        referral,
        basis=permissions.ground(request.actor, referral).kept(),
        parts="referral",
    )
    # Who has scanned the letter wants one thing.
    return _show(request, referral, opens="receive" if "arrive" in request.GET else "")


@require_http_methods(["GET", "POST"])
def act(request: Request, pk: Any, name: str) -> HttpResponse:
    """Do one act; what was typed comes back with a sentence beside it when it is refused."""
    if name not in ACT_FORMS:
        raise Http404
    referral = _one(request, pk)
    if request.method == "GET":
        return redirect(referral)
    form = act_form(name, request.actor, referral, request.POST)
    if not form.is_valid():
        return _show(request, referral, status=422, bound={name: form})
    try:
        done = _do(name, referral, request, dict(form.cleaned_data))
    except Refused as refusal:
        referral = _one(request, pk)
        if isinstance(refusal, WrongState) or name not in permissions.open_to(
            request.actor, referral
        ):
            # Somebody was faster, or the state has moved on: show where it stands now.
            messages.error(request, str(refusal))
            return _show(request, referral, status=refusal.status)
        _tell(form, refusal)
        return _show(request, referral, status=refusal.status, bound={name: form})
    messages.success(
        request,
        _("%(act)s：%(record)s，现为“%(state)s”。")
        % {
            "act": REGISTRY[f"referral.{name}"].label,
            "record": done.person.name,
            "state": done.get_state_display(),
        },
    )
    warn_of_cover(request, done, name)
    if wants_part(request):
        return _show(request, _one(request, pk))
    return redirect(done)


def warn_of_cover(request: Request, referral: Referral, name: str) -> None:
    """Tell whoever has just sent a referral that no agreement covers it, why, and what follows."""
    if name not in ("submit", "redirect") or not referral.uncovered:
        return
    if referral.awaits_approval:
        what = _("本次转诊记为协议外，须经%(house)s负责人审核后才会送达对方。") % {
            "house": tree.name(referral.approver_id)
        }
    else:
        what = _("本次转诊记为协议外。")
    messages.warning(request, f"{referral.cover.sentence}{what}")


def _do(name: str, referral: Referral, request: Request, facts: dict[str, Any]) -> Referral:
    if name == "accept":
        facts.setdefault("take_plan", False)
        given = facts.pop("slot_or_bed")
        facts["keeps_place"] = given != NOTHING_KEPT
        choice = read_choice(request.actor, "" if given == NOTHING_KEPT else given)
        facts["slot_or_bed"] = choice.place if choice else None
    if name == "redirect":
        facts["place"] = facts["place"].place if facts["place"] else None
    function = getattr(actions, name.replace("-", "_"))
    done = function(referral, by=request.actor, **facts)
    assert isinstance(done, Referral)
    return done


@require_POST
def attach(request: Request, pk: Any) -> HttpResponse:
    """File a document and put it with the referral."""
    referral = _one(request, pk)
    form = AttachForm(request.POST, request.FILES, prefix="attach")
    if form.is_valid():
        document = Document(
            person_id=referral.person_id,
            organisation_id=request.actor.org_id,
            kind=Document.Kind.REFERRAL,
            title=form.cleaned_data["title"],
        )
        try:
            actions.attach_new(
                referral, by=request.actor, document=document, content=form.cleaned_data["file"]
            )
        except Refused as refusal:
            _tell(form, refusal)
        else:
            messages.success(request, _("已添加附件：%(title)s。") % {"title": document.title})
            return redirect(referral)
    return _show(request, referral, status=422, attach=form)


@require_http_methods(["GET", "POST"])
def scan(request: Request) -> HttpResponse:
    """The desk's scan box: the code on the letter, or its number, opens the arrival."""
    words = (request.POST.get("code") or request.GET.get("code") or "").strip()
    if not words:
        return page(request, "referral/scan.html")
    path = urlsplit(words).path.rstrip("/")
    token = path.rsplit("/", 1)[-1]
    number = rules.read_token(token) or token.upper()
    found = Referral.objects.visible_to(request.actor).filter(number=number).first()
    if found is None:
        return page(
            request,
            "referral/scan.html",
            status=404,
            words=words,
            sentence=_("没有找到这张转诊单，请核对编号，或确认它是转往本机构的。"),
        )
    return redirect(f"{found.get_absolute_url()}?arrive=1")


@require_GET
def arrive(request: Request, token: str) -> HttpResponse:
    """What the QR code on the letter opens on a phone."""
    return redirect(f"{reverse('referral:scan')}?code={token}")


def _one(request: Request, pk: Any, *, open_to_carers: bool = False) -> Referral:
    found = Referral.objects.visible_to(request.actor, open_to_carers=open_to_carers)
    return get_object_or_404(found.for_pages(), pk=pk)


def _tell(form: Form, refusal: Refused) -> None:
    """Put each sentence beside the field it is about; the act's field names are its own."""
    others = {
        "refusal_code": "code",
        "waiting_code": "code",
        "end_code": "code",
        "receipt_treatment": "treatment",
        "receipt_plan": "plan",
        "receipt_results": "results",
        "follow_up_note": "note",
        "filing_number": "number",
        "filed_on": "on",
    }
    placed = False
    for field, text in refusal.fields.items():
        name = getattr(form, "told_as", {}).get(field) or others.get(field, field)
        if name in form.fields:
            form.add_error(name, text)
            placed = True
    if not placed:
        form.add_error(None, str(refusal))


def _show(
    request: Request,
    referral: Referral,
    *,
    status: int = 200,
    bound: dict[str, Form] | None = None,
    attach: AttachForm | None = None,
    opens: str = "",
) -> HttpResponse:
    allowed = permissions.open_to(request.actor, referral)
    bound = bound or {}
    # Sending on is the next step only when the house that was asked has not said yes.
    waits = referral.state == State.SUBMITTED or referral.state == State.APPROVED
    apt = [name for name in allowed if not (waits and name == "redirect")]
    usual = next((name for name in USUAL if name in apt), "")
    near = {usual, *[name for name in apt if name in ANSWERS]}
    acts: list[dict[str, Any]] = [
        {
            "name": name,
            "label": REGISTRY[f"referral.{name}"].label,
            "short": BUTTONS[name][0],
            "icon": BUTTONS[name][1],
            "key": BUTTONS[name][2],
            "primary": name == usual,
            "near": name in near,
            # Whoever proposes to go down writes a plan: a page of its own.
            "form": None
            if name == "propose-down"
            else bound.get(name) or act_form(name, request.actor, referral),
            "url": reverse("referral:act", args=[referral.pk, name]),
        }
        for name in sorted(allowed, key=lambda name: name != usual)
        if name in ACT_FORMS
    ]
    draft = referral.state == State.DRAFT
    return page(
        request,
        "referral/detail.html",
        part="card",
        status=status,
        referral=referral,
        acts=acts,
        opens=next(iter(bound), opens),
        may_write="submit" in allowed or "complete" in allowed,
        may_attach=permissions.ATTACH.allows(request.actor, referral) and referral.is_open,
        attach=attach or AttachForm(prefix="attach"),
        plan=referral.care_plan,
        documents=list(referral.documents.filter(voided_at=None)),
        held=held_by(referral),
        sequels=list(referral.sequels.select_related("to_org")),
        events=story(referral),
        stages=stages(referral),
        # A draft runs under what is in force today, not when it was begun.
        cover=judge(referral) if draft else referral.cover,
        judged=draft or referral.agreement_id is not None or bool(referral.uncovered),
        closed=referral.state in (State.CLOSED, State.FOLLOWED_UP),
    )
