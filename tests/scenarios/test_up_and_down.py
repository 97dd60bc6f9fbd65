"""The county refers its first patient: up, treated, down again, followed up, counted."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from tests import cast
from xinglin.clinical.privacy.models import open_people
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Allergy, Encounter, Observation
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral import rules, statistics
from xinglin.clinical.referral.models import Referral, State
from xinglin.kernel import trail
from xinglin.kernel.models import InboxItem, Notice
from xinglin.registry.people.models import SearchKey


def waiting(actor) -> list[str]:
    """What waits for somebody, by the state of its letter."""
    return [item.state for item in InboxItem.objects.waiting_for(actor)]


def newest(actor) -> str:
    notice = Notice.objects.for_actor(actor).first()
    return notice.text if notice else ""


def test_a_patient_goes_up_and_comes_home(county, later):
    # Monday, 8:30. 陈桂香, 63, comes to the township centre. 王医生 finds her by her initials.
    found = SearchKey.objects.visible_to(county.wang).matching("cgx").get()
    patient = found.person
    assert patient == county.patient

    # Her pressure is high and her chest tight; she must not have penicillin.
    visit = record.start_encounter(
        Encounter(
            person=patient,
            organisation=county.township,
            kind=Encounter.Kind.OUTPATIENT,
            complaint="活动后胸闷两周",
            started_at=timezone.now(),
        ),
        by=county.wang,
    )
    record.measure(
        visit,
        by=county.wang,
        measured_at=timezone.now(),
        values={"systolic": Decimal(168), "diastolic": Decimal(96)},
    )
    record.note(
        Allergy(
            person=patient,
            organisation=county.township,
            encounter=visit,
            substance="青霉素",
            severe=True,
            noted_on=timezone.localdate(),
        ),
        by=county.wang,
    )

    # He writes the letter and asks the county hospital.
    up = referrals.draft(cast.letter(county, urgency="urgent"), by=county.wang)
    assert waiting(county.wang) == ["draft"]
    referrals.submit(up, by=county.wang)
    assert waiting(county.wang) == []
    assert waiting(county.li) == ["submitted"]
    assert newest(county.li) == "青山镇卫生院申请转入患者 陈桂香"
    # Her record is not yet the hospital's to read.
    assert patient not in open_people(county.chen)

    # An hour later 李护士 accepts her for tomorrow, nine o'clock.
    later(hours=1)
    tomorrow = timezone.now() + timedelta(hours=23, minutes=30)
    referrals.accept(
        up, by=county.li, department="心内科", doctor="陈主任", expected_at=tomorrow, place="3 诊室"
    )
    assert newest(county.wang) == "青山县人民医院已接收患者 陈桂香"
    assert patient not in open_people(county.chen)

    # Tuesday. She comes with her letter; the desk scans its code.
    token = rules.token_for(up.number)
    later(hours=24)
    scanned = Referral.objects.visible_to(county.li).get(number=rules.read_token(token))
    referrals.receive(scanned, by=county.li, arrived_at=timezone.now())
    assert newest(county.wang) == "患者 陈桂香 已在青山县人民医院到诊"
    # Asked for by one house, accepted by the other, and she is here: now both may read.
    assert patient in open_people(county.chen)

    # 陈主任 reads what 王医生 measured, and keeps her.
    pressure = Observation.objects.visible_to(county.chen).of(patient).get(name="收缩压")
    assert pressure.value == 168
    assert Allergy.objects.visible_to(county.chen).of(patient).get().substance == "青霉素"
    up = Referral.objects.get(pk=up.pk)
    referrals.treat(up, by=county.chen, encounter_kind="inpatient")
    assert up.encounter is not None

    # Five days later she is to go home, with a plan for the village.
    later(days=5)
    referrals.propose_down(
        up,
        by=county.chen,
        to_org=county.village,
        assessment="冠脉支架术后，病情稳定",
        treatment_plan="阿司匹林 100 mg、氯吡格雷 75 mg 每日一次，一年",
        rehabilitation="每日步行 30 分钟，两周后复查血脂",
    )
    referrals.discharge(
        up, by=county.chen, discharged_at=timezone.now(), discharge_way="1", outcome="2"
    )
    referrals.close(
        up,
        by=county.chen,
        results="前降支狭窄 85%",
        treatment="前降支植入支架一枚",
        plan="双联抗血小板一年",
        outcome="2",
        final_code="I20.0",
    )
    assert up.state == State.CLOSED
    assert newest(county.wang) == "青山县人民医院已回执结案：患者 陈桂香"

    # 赵村医 takes her over and sees her the next day.
    down = up.sequels.get()
    assert waiting(county.zhao) == ["submitted"]
    referrals.accept(down, by=county.zhao)
    later(days=1)
    referrals.receive(down, by=county.zhao, arrived_at=timezone.now())
    referrals.treat(down, by=county.zhao)
    referrals.close(
        down,
        by=county.zhao,
        results="血压 136/84",
        treatment="继续双联抗血小板",
        plan="两周内随访",
        outcome="2",
        final_code="I20.0",
    )
    assert waiting(county.zhao) == ["closed"]

    # Nine days later he visits her at home.
    later(days=9)
    referrals.follow_up(
        down, by=county.zhao, followed_up_at=timezone.now(), note="血压 130/80，无胸闷，规律服药"
    )
    assert newest(county.chen) == "下转患者 陈桂香 已随访"
    assert not InboxItem.objects.filter(subject_id__in=[up.pk, down.pk]).exists()

    # 孙主管 reads the counts; so does the bureau, and nobody in the other county.
    first, last = timezone.localdate() - timedelta(days=30), timezone.localdate()
    for reader in (county.sun, county.zheng):
        counts = statistics.count(reader, first, last)
        assert (counts.submitted, counts.up, counts.down) == (2, 1, 1)
        assert (counts.accepted.numerator, counts.accepted.denominator) == (2, 2)
        assert (counts.closed.numerator, counts.open, counts.overdue) == (2, 0, 0)
        assert (counts.followed_up.numerator, counts.followed_up.denominator) == (1, 1)
        assert counts.by_diagnosis[0]["diagnosis_code"] == "I20.0"
    assert statistics.count(county.stranger, first, last).submitted == 0

    # The whole story stands in the trail, in order, by name, and the chain holds.
    told = [(line.actor_name, line.verb.removeprefix("referral.")) for line in trail.of([up.pk])]
    assert told == [
        ("王医生", "draft"),
        ("王医生", "submit"),
        ("李护士", "accept"),
        ("李护士", "receive"),
        ("陈主任", "treat"),
        ("陈主任", "propose-down"),
        ("陈主任", "discharge"),
        ("陈主任", "close"),
    ]
    trail.seal()
    assert trail.verify().broken_at is None


def test_a_full_hospital_sends_the_request_on_and_nobody_is_lost(county, later):
    letter = referrals.draft(cast.letter(county), by=county.wang)
    referrals.submit(letter, by=county.wang)
    # No bed today: she waits, and the desk is asked again when the day comes.
    referrals.waitlist(letter, by=county.li, code="no-bed")
    later(days=3, minutes=1)
    letter.refresh_from_db()
    assert letter.state == State.WAITLISTED
    assert InboxItem.objects.waiting_for(county.li).exists()
    # Still none: they say so, and whom to ask.
    referrals.decline(letter, by=county.li, code="no-bed", alternative_org=county.other_township)
    referrals.redirect(letter, by=county.wang, to_org=county.other_township)
    referrals.accept(letter, by=county.liu)
    # She does not come, and everybody who should ask after her is told.
    later(days=3, minutes=1)
    letter.refresh_from_db()
    assert letter.state == State.EXPIRED
    assert (
        newest(county.wang) == newest(county.zhao) == "患者 陈桂香 逾期未到柳溪镇卫生院，请联系患者"
    )
    referrals.cancel(letter, by=county.wang, code="patient-better")
    assert not InboxItem.objects.filter(subject_id=letter.pk).exists()
