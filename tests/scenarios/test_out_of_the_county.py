"""A patient for whom the county is too small, and the way home."""

from __future__ import annotations

from django.utils import timezone

from tests import cast
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.models import Referral, State
from xinglin.kernel.models import InboxItem


def waiting(actor) -> list[str]:
    return [item.audience for item in InboxItem.objects.waiting_for(actor)]


def test_the_city_takes_a_patient_and_sends_her_home(county, later):
    # 陈主任 finds what the county cannot treat; the hospital's leader must agree.
    letter = cast.letter(
        county,
        from_org=county.hospital,
        written_by=county.hospital,
        to_org=county.city,
        doctor="陈主任",
        reason_code="complex-surgery",
    )
    out = referrals.submit(referrals.draft(letter, by=county.chen), by=county.chen)
    assert out.direction == "out"
    assert waiting(county.wu) == ["referral.approve"]
    assert waiting(county.li) == []
    later(hours=1)
    referrals.approve(out, by=county.wu)

    # 省立医院 has no account: 李护士 telephones and keeps the book for it.
    assert waiting(county.li) == ["referral.accept"]
    referrals.accept(out, by=county.li, doctor="省立医院值班医师", department="心外科")
    later(days=1)
    referrals.receive(out, by=county.li, arrived_at=timezone.now())
    out.refresh_from_db()
    referrals.treat(out, by=county.chen)
    # No encounter: the stay is in the other house's record, not in ours.
    assert out.encounter is None
    later(days=12)
    referrals.discharge(out, by=county.li, discharged_at=timezone.now(), outcome="2")
    referrals.close(
        out,
        by=county.chen,
        results="冠脉三支病变",
        treatment="冠脉搭桥术",
        plan="康复三个月",
        outcome="2",
        final_code="I20.0",
    )
    assert out.state == State.CLOSED

    # The city's letter comes to the office on paper; 孙主管 enters it for the township.
    home = referrals.draft(
        cast.letter(
            county,
            from_org=county.city,
            written_by=county.office,
            to_org=county.township,
            doctor="省立医院张医师",
            reason_code="stable-rehabilitation",
            rehabilitation="康复三个月",
        ),
        by=county.sun,
    )
    referrals.submit(home, by=county.sun)
    assert home.direction == "in"
    assert waiting(county.wang) == ["referral.accept"]
    referrals.accept(home, by=county.wang)
    later(days=1)
    referrals.receive(home, by=county.wang, arrived_at=timezone.now())
    referrals.treat(home, by=county.wang)
    referrals.close(
        home,
        by=county.wang,
        results="伤口愈合好",
        treatment="换药",
        plan="两周内随访",
        outcome="2",
        final_code="I20.0",
    )
    # The clinic that keeps her record visits her within two weeks.
    assert waiting(county.zhao) == ["referral.follow-up"]
    later(days=7)
    referrals.follow_up(home, by=county.zhao, followed_up_at=timezone.now(), note="恢复良好")
    assert home.state == State.FOLLOWED_UP
    assert not InboxItem.objects.exists()
    # 路人 has seen nothing of all this.
    assert not Referral.objects.visible_to(county.stranger).exists()
