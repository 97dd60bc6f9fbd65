"""Paper: the summary of a person on one page of A4, and the whole life. All of it is traced."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from xinglin.clinical.privacy.models import open_people, opened
from xinglin.clinical.record import lines, portrait, story
from xinglin.clinical.record.known import Known, known
from xinglin.clinical.record.lines import Line
from xinglin.clinical.record.medicines import Medicine, dose
from xinglin.clinical.record.views.portrait import signs_of
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import tree
from xinglin.registry.people.models import Person
from xinglin.ui.pages import page
from xinglin.ui.printing import pdf, qr_svg
from xinglin.ui.requests import Request
from xinglin.ui.templatetags.ui import moment

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "record"
# Visits on the summary; it says of how many these are the last.
VISITS = 5


@require_GET
def life(request: Request, pk: UUID) -> HttpResponse:
    """Everything that happened, on paper, the newest first."""
    actor = request.actor
    who = get_object_or_404(open_people(actor), pk=pk)
    opened(actor, who, parts="print")
    heads = lines.lines(lines.heads(actor, who.pk))
    inside = lines.lines(lines.members(actor, who.pk))
    return page(
        request,
        "record/print.html",
        person=who,
        known=known(actor, who.pk),
        groups=story.tell(actor, heads, inside, linked=False),
        total=len(heads),
        printed_by=f"{actor.org_name} {actor.name}",
        printed_at=timezone.now(),
    )


@require_GET
def summary(request: Request, pk: UUID) -> HttpResponse:
    """健康摘要：过敏、问题、在用药品、最近结果、在办申请与最近就诊，一页 A4。"""
    actor = request.actor
    who = get_object_or_404(open_people(actor), pk=pk)
    opened(actor, who, parts="print")
    address = request.build_absolute_uri(who.get_absolute_url())
    told = {**_told(actor, who, known(actor, who.pk)), "qr": qr_svg(address)}
    response = HttpResponse(pdf(TEMPLATES / "summary.typ", told), content_type="application/pdf")
    response.headers["Content-Disposition"] = 'inline; filename="summary.pdf"'
    return response


def _told(actor: Actor, who: Person, found: Known) -> dict[str, Any]:
    """Everything the paper says, as plain text in the reader's language."""
    others = portrait.gather(actor, who)
    heads = lines.lines(lines.heads(actor, who.pk, lines.Asked(kinds=("encounter",))))
    latest = heads[:VISITS]
    inside = lines.lines(lines.members(actor, who.pk, [head.id for head in latest]))
    return {
        "title": _("健康摘要"),
        "issuer": actor.org_name,
        "printed": _("打印：%(who)s %(at)s") % {"who": actor.name, "at": moment(timezone.now())},
        "scan": _("扫码打开病历"),
        "none": _("无记录"),
        "identity": [
            [_("姓名"), who.name],
            [_("性别年龄"), " ".join(filter(None, (str(who.get_sex_display()), who.age)))],
            [_("出生日期"), moment(who.birth_date) if who.birth_date else ""],
            [_("身份证件号码"), who.masked_id],
            [_("居民健康档案编号"), who.health_record_no],
            [_("管理机构"), who.custodian],
        ],
        "signs": [
            {"word": sign.word, "tone": sign.tone} for sign in signs_of(who, found, others.signs)
        ],
        "sections": [
            [_("过敏"), [story.said(line) for line in found.allergies], _("无过敏记录")],
            [_("主要问题"), [_problem(line) for line in found.problems], _("无长期健康问题。")],
            [
                _("在办申请"),
                [
                    " · ".join(filter(None, (each.title, each.state, each.way)))
                    for each in others.requests
                ],
                "",
            ],
        ],
        "medicines": {
            "title": _("当前用药"),
            "head": [_("药品"), _("剂量与频次"), _("开立"), _("提示")],
            "rows": [_medicine(each) for each in found.medicines],
            "none": _("尚无在用药品。"),
        },
        "results": {
            "title": _("最近结果"),
            "head": [_("项目"), _("结果"), _("参考值"), _("时间与机构")],
            "rows": [_result(line) for group in found.results for line in group],
            "none": _("尚未测量。"),
        },
        "visits": {
            "title": _("最近就诊（共 %(total)d 次）") % {"total": len(heads)},
            "head": [_("时间"), _("机构"), _("类型"), _("诊断")],
            "rows": [_visit(head, inside) for head in latest],
            "none": _("无记录"),
        },
    }


def _problem(line: Line) -> str:
    return f"{story.said(line)}，{story.day_of(line).isoformat()}"


def _medicine(medicine: Medicine) -> list[str]:
    orders = medicine.lines
    doubts = []
    if medicine.taken is False:
        doubts.append(_("未服用"))
    if medicine.conflicting:
        doubts.append(_("剂量不一致"))
    elif medicine.repeated:
        doubts.append(_("重复开立"))
    if medicine.shares:
        doubts.append(_("与%(names)s成分重复") % {"names": _("、").join(medicine.shares)})
    if medicine.resembles:
        doubts.append(_("与%(names)s同类") % {"names": _("、").join(medicine.resembles)})
    by = (f"{tree.name(line.organisation_id)} {story.day_of(line).isoformat()}" for line in orders)
    return [
        medicine.name,
        _("；").join(dict.fromkeys(filter(None, map(dose, orders)))),
        "\n".join(by),
        _("；").join(doubts),
    ]


def _result(line: Line) -> list[str]:
    return [
        story.label_of(line),
        story.item_of(line, linked=False).text.removeprefix(story.label_of(line)).strip(),
        story.reference_of(line),
        f"{moment(line.at)} {tree.name(line.organisation_id)}",
    ]


def _visit(head: Line, inside: list[Line]) -> list[str]:
    named = [line.title for line in inside if line.visit_id == head.id and line.kind == "diagnosis"]
    until = f" — {moment(timezone.localdate(head.until_at))}" if head.until_at else ""
    day = story.day_of(head).isoformat()
    return [
        day if until.endswith(day) else day + until,
        tree.name(head.organisation_id),
        story.visit_kind(head),
        _("、").join(named),
    ]
