"""Nobody answers, and somebody's chest hurts."""

from __future__ import annotations

import pytest
from django.utils import timezone

from tests import cast
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.models import State
from xinglin.kernel.errors import Refused
from xinglin.kernel.models import InboxItem, Notice

UP_TO_THE_BUREAU = """
[[parameter]]
key = "referral.escalation"
valid_from = 2026-01-01
value = [
  { after_minutes = 0, role = "desk", at = "owner" },
  { after_minutes = 5, role = "manager", at = "consortium" },
  { after_minutes = 10, role = "bureau", at = "county" },
]
"""


def waits_for(actor, referral) -> bool:
    return InboxItem.objects.waiting_for(actor).filter(subject_id=referral.pk).exists()


@pytest.fixture
def strict_county(county, tmp_path, settings):
    """青山县 has decided that its bureau hears of every emergency that waits too long."""
    settings.CATALOGUE_OVERLAY = str(tmp_path)
    (tmp_path / "parameters.toml").write_text(UP_TO_THE_BUREAU, "utf-8")
    return county


def test_an_unanswered_emergency_climbs_to_the_bureau(strict_county, later):
    county = strict_county
    # 赵村医 sends straight to the county hospital; the paper follows the patient.
    letter = cast.letter(
        county,
        from_org=county.village,
        written_by=county.village,
        urgency="emergency",
        kind="green-channel",
        reason_code="critical",
        doctor="赵村医",
        symptoms="",
        past_history="",
    )
    referral = referrals.submit(referrals.draft(letter, by=county.zhao), by=county.zhao)
    assert referral.paper_due_at is not None
    assert waits_for(county.li, referral)

    # A quarter of an hour, and no answer.
    later(minutes=15)
    assert waits_for(county.li, referral)
    assert not waits_for(county.sun, referral)
    later(minutes=5)
    assert waits_for(county.sun, referral)
    assert not waits_for(county.zheng, referral)
    later(minutes=5)
    assert waits_for(county.zheng, referral)

    # After twice the time it is the office's; what was raised before falls silent.
    later(minutes=5)
    referral.refresh_from_db()
    assert referral.state == State.UNANSWERED
    assert referral.owner_id == county.office.pk
    assert waits_for(county.sun, referral)
    assert not waits_for(county.zheng, referral)

    # 孙主管 telephones; 李护士 accepts, the patient is on the way and arrives.
    referrals.accept(referral, by=county.li, department="急诊科")
    referrals.depart(referral, by=county.zhao, departed_at=timezone.now(), transport="120")
    later(minutes=40)
    referrals.receive(referral, by=county.li, arrived_at=timezone.now())
    referrals.treat(referral, by=county.chen)
    assert referral.encounter is not None
    assert referral.encounter.kind == "emergency"

    # In the evening 赵村医 completes the paper, within its day.
    later(hours=8)
    referrals.complete(referral, by=county.zhao, symptoms="胸痛一小时", past_history="高血压")
    assert referral.paper_due_at is None
    told = [n.text for n in Notice.objects.for_actor(county.zhao)]
    assert "青山县人民医院已接收患者 陈桂香" in told
    assert "患者 陈桂香 已在青山县人民医院到诊" in told


def test_a_patient_who_dies_on_the_way_leaves_nothing_open(county, later):
    from xinglin.registry.people import actions as people

    letter = cast.letter(county, urgency="emergency")
    referral = referrals.submit(referrals.draft(letter, by=county.wang), by=county.wang)
    referrals.accept(referral, by=county.li)
    referrals.depart(referral, by=county.wang, departed_at=timezone.now())
    people.report_death(county.patient, by=county.wang, died_on=timezone.localdate())
    later(minutes=1)
    referral.refresh_from_db()
    assert (referral.state, referral.end_code) == (State.ENDED, "died")
    assert not waits_for(county.li, referral)
    # And nobody begins another.
    with pytest.raises(Refused):
        referrals.draft(cast.letter(county), by=county.wang)
