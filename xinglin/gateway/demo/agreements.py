"""The agreements of the demo county: its own, one outside, one run out, one of consultation."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from xinglin.kernel import clock
from xinglin.kernel.access import Actor
from xinglin.registry.agreements import actions
from xinglin.registry.agreements.models import Agreement, Kind, Party, QuotaBy, SignedPaper
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.staff.models import Post

# A scan as little as is taken for one; every number and name in it is invented.
SCAN = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>>>endobj
trailer<</Root 1 0 R>>
%%EOF
"""


def agree() -> None:
    """Write and sign the agreements as the consortium's office did."""
    houses = {
        house.code: house
        for house in Organisation.objects.filter(county__code="QS").select_related("county")
    }
    post = Post.objects.filter(organisation=houses["QS001"], role="manager").select_related(
        "practitioner"
    )
    held = post.order_by("practitioner__code")[0]
    office = held.actor(user_id=held.practitioner_id, name=held.practitioner.name)
    today = timezone.localdate()
    new_year = date(today.year - 2, 1, 1)
    for told in _all(houses, today, new_year):
        _sign(told, office)


def _all(
    houses: dict[str, Organisation], today: date, new_year: date
) -> list[tuple[dict[str, Any], list[Party]]]:
    lead, outside, other = houses["QS100"], houses["WY01"], houses["WY02"]

    def party(house: Organisation, side: str, extent: str, signer: str, **more: Any) -> Party:
        return Party(organisation=house, side=side, extent=extent, signer=signer, **more)

    own = {
        "number": f"QS-ZZ-{new_year.year}-01",
        "title": "青山县医共体双向转诊协议",
        "kind": Kind.REFERRAL,
        "valid_from": new_year,
        "valid_until": date(today.year + 3, 12, 31),
        "answer_hours": 24,
        "reserved_percent": 20,
        "visits_per_month": 2,
        "first_duties": [
            "急诊转诊 15 分钟内答复，限时 2 小时，常规 24 小时",
            "每天为成员机构预留不少于 20% 的专科号源，提前释放须告知",
            "出院前拟定康复与随访计划，随患者下转",
        ],
        "second_duties": ["转诊前完成必要检查并如实填写转诊单", "下转患者两周内随访"],
    }
    partner = {
        "number": f"QS-SL-{today.year}-01",
        "title": "与省立第一医院双向转诊协议",
        "kind": Kind.REFERRAL,
        "valid_from": today - timedelta(days=330),
        "valid_until": today + timedelta(days=35),
        "diagnoses": ["C", "D0", "I", "G", "S0", "Q2"],
        "quota": 600,
        "quota_by": QuotaBy.YEAR,
        "answer_hours": 24,
        "reserved_percent": 10,
        "first_duties": ["转出前由医务科审核，办理转诊备案"],
        "second_duties": ["开通转诊预约专号", "病情稳定后转回青山县人民医院"],
    }
    over = {
        "number": f"QS-HC-{today.year - 2}-03",
        "title": "与杭城市人民医院双向转诊协议",
        "kind": Kind.REFERRAL,
        "valid_from": today - timedelta(days=760),
        "valid_until": today - timedelta(days=30),
        "first_duties": ["转出前由医务科审核"],
        "second_duties": ["优先安排转诊患者住院"],
    }
    talk = {
        "number": f"QS-HZ-{today.year}-01",
        "title": "青山县远程会诊协议",
        "kind": Kind.CONSULTATION,
        "valid_from": today - timedelta(days=200),
        "valid_until": today + timedelta(days=500),
        "services": ["多学科会诊", "远程影像诊断", "远程病理诊断"],
        "quota": 40,
        "quota_by": QuotaBy.MONTH,
        "answer_hours": 48,
        "first_duties": ["会诊前一天提交完整病历资料", "取得患者知情同意"],
        "second_duties": ["由副主任医师以上人员出具会诊意见"],
    }
    return [
        (
            own,
            [
                party(lead, "1", "among", "周建国", contact="医务科", phone="0571-88000101"),
                party(houses["QS101"], "2", "house", "何立群"),
                party(houses["QS102"], "2", "house", "沈月琴"),
            ],
        ),
        (partner, [party(lead, "1", "below", "周建国"), party(outside, "2", "house", "郑国安")]),
        (over, [party(lead, "1", "below", "周建国"), party(other, "2", "house", "蒋文达")]),
        (
            talk,
            [
                party(lead, "1", "below", "周建国", role="sends"),
                party(outside, "2", "house", "郑国安", role="receives"),
            ],
        ),
    ]


def _sign(told: tuple[dict[str, Any], list[Party]], office: Actor) -> None:
    facts, parties = told
    begin = timezone.localtime().replace(hour=9, minute=0, second=0, microsecond=0)
    signed = facts["valid_from"] - timedelta(days=7)
    at = begin.replace(year=signed.year, month=signed.month, day=signed.day)
    with clock.at(at):
        agreement = actions.draft(
            Agreement(county_id=office.county_id, keeper_id=office.org_id, **facts),
            by=office,
            parties=parties,
        )
        scan = ContentFile(SCAN + facts["number"].encode(), "签署页.pdf")
        paper = SignedPaper(agreement=agreement, title="协议签署页（扫描件）")
        actions.file_paper(paper, by=office, content=scan)
        actions.sign(agreement, by=office, signed_on=signed)
