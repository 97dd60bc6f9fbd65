"""What waits for whom, and who hears of it when time runs out."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from tests import cast
from xinglin.clinical.referral import actions as referrals
from xinglin.kernel import inbox, parameters
from xinglin.kernel.access import system
from xinglin.kernel.models import InboxItem, Notice

NOON = timezone.make_aware(datetime(2026, 3, 2, 12, 0))


@pytest.fixture
def at_noon():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def asked(at_noon, county):
    """王医生 has asked the county hospital at noon; the answer is due within two hours."""
    letter = cast.letter(county, urgency="urgent")
    return referrals.submit(referrals.draft(letter, by=county.wang), by=county.wang)


def levels(subject) -> list[tuple[int, object, str]]:
    items = InboxItem.objects.filter(subject_id=subject.pk).order_by("level")
    return [(item.level, item.org_id, item.audience) for item in items]


@pytest.fixture
def overlay(tmp_path, settings):
    """The county's own folder, empty to begin with."""
    settings.CATALOGUE_OVERLAY = str(tmp_path)
    return tmp_path


def climb(overlay, *steps: tuple[str, str]) -> None:
    """The county's own steps, five minutes apart."""
    told = ", ".join(
        f'{{ after_minutes = {5 * number}, role = "{role}", at = "{place}" }}'
        for number, (role, place) in enumerate(steps, 1)
    )
    (overlay / "parameters.toml").write_text(
        '[[parameter]]\nkey = "referral.escalation"\n'
        f"valid_from = 2026-01-01\nvalue = [ {told} ]\n",
        "utf-8",
    )


def test_the_desk_sees_what_it_owes_until_when(asked, county):
    item = InboxItem.objects.waiting_for(county.li).get()
    assert item.subject_id == asked.pk
    assert item.title == f"陈桂香 · {asked.diagnosis_name}"
    assert item.detail == "青山镇卫生院 → 青山县人民医院"
    assert (item.urgency, item.due_at) == ("urgent", NOON + timedelta(hours=2))


def test_who_may_not_do_it_does_not_see_it_waiting(asked, county):
    # 陈主任 works in the same house and may not answer; the others sit elsewhere.
    for name in ("chen", "wang", "zhao", "zhou", "sun", "zheng", "admin", "liu", "stranger"):
        assert not InboxItem.objects.waiting_for(getattr(county, name)).exists(), name


def test_the_most_overdue_comes_first(county, at_noon):
    due = {"routine": 2, "emergency": 0, "urgent": 1}
    for urgency in due:
        patient = cast.resident(county.admin, county.region, f"患者{urgency}")
        letter = cast.letter(county, person=patient, urgency=urgency)
        referrals.submit(referrals.draft(letter, by=county.wang), by=county.wang)
    waiting = InboxItem.objects.waiting_for(county.li)
    assert [item.urgency for item in waiting] == sorted(due, key=lambda name: due[name])


def test_an_unanswered_request_climbs_step_by_step(asked, county, at_noon):
    """Each step of the parameters at its minute, to its role, at its place; then no more."""
    steps = parameters.get("referral.escalation")
    owner = (0, county.hospital.pk, "referral.accept")
    places = {
        "owner": county.hospital.pk,
        "consortium": county.office.pk,
        "county": county.region.pk,
    }
    due = NOON + timedelta(hours=2)
    for level, step in enumerate(steps, 1):
        at_noon.move_to(due + timedelta(minutes=step["after_minutes"], seconds=-1))
        assert inbox.raise_overdue() == 0
        at_noon.shift(timedelta(seconds=1))
        assert inbox.raise_overdue() == 1
        assert levels(asked)[0] == owner
        assert levels(asked)[-1] == (level, places[step["at"]], f"role:{step['role']}")
    assert InboxItem.objects.waiting_for(county.sun).get().subject_id == asked.pk

    # That was the last step; the owner still owes it.
    at_noon.shift(timedelta(days=30))
    assert inbox.raise_overdue() == 0
    assert levels(asked)[0] == owner


def test_what_is_raised_to_whoever_owes_it_anyway_stands_there_once(asked, county, at_noon):
    """The first step tells the desk at the very minute, for those houses where another owes it."""
    at_noon.move_to(asked.due_at)
    assert inbox.raise_overdue() == 1
    assert levels(asked)[1] == (1, county.hospital.pk, "role:desk")
    assert InboxItem.objects.waiting_for(county.li).get().level == 0
    assert inbox.at_a_glance(county.li)[0] == 1


def test_a_worker_that_slept_takes_one_step_at_each_turn(asked, county, at_noon):
    at_noon.shift(timedelta(days=2))
    turns = [inbox.raise_overdue() for _turn in range(5)]
    assert turns == [1, 1, 1, 0, 0]


def test_an_answer_clears_what_was_raised(asked, county, at_noon):
    at_noon.shift(timedelta(days=2))
    for _turn in range(3):
        inbox.raise_overdue()
    assert len(levels(asked)) == 4
    referrals.accept(asked, by=county.li)
    assert levels(asked) == [(0, county.hospital.pk, "referral.receive")]
    assert not InboxItem.objects.waiting_for(county.sun).exists()
    # And the new clock starts anew.
    item = InboxItem.objects.get(subject_id=asked.pk)
    assert item.escalate_at == item.due_at


def test_an_end_clears_everything(asked, county, at_noon):
    at_noon.shift(timedelta(days=2))
    inbox.raise_overdue()
    referrals.cancel(asked, by=county.wang, code="gone-elsewhere")
    assert levels(asked) == []


def test_a_note_on_the_side_does_not_silence_the_alarm(county, at_noon):
    """Completing the paper answers nothing: what was raised stays raised."""
    letter = cast.letter(county, urgency="emergency", past_history="")
    referrals.submit(referrals.draft(letter, by=county.wang), by=county.wang)
    at_noon.shift(timedelta(hours=1))
    for _turn in range(2):
        inbox.raise_overdue()
    referrals.complete(letter, by=county.wang, past_history="高血压十年")
    assert [level for level, *_ in levels(letter)] == [0, 1, 2]
    assert InboxItem.objects.get(subject_id=letter.pk, level=0).raised == 2


def test_the_county_names_its_own_steps(overlay, county, at_noon):
    climb(overlay, ("bureau", "county"))
    letter = cast.letter(county, urgency="emergency")
    referrals.submit(referrals.draft(letter, by=county.wang), by=county.wang)
    at_noon.shift(timedelta(minutes=19))
    assert inbox.raise_overdue() == 0
    at_noon.shift(timedelta(minutes=1))
    assert inbox.raise_overdue() == 1
    assert levels(letter)[1:] == [(1, county.region.pk, "role:bureau")]
    at_noon.shift(timedelta(days=1))
    assert inbox.raise_overdue() == 0


def test_a_step_at_a_place_the_house_has_not_got_is_passed_over(overlay, county, at_noon):
    # The township in the other county stands under no consortium: the bureau still hears.
    climb(overlay, ("desk", "owner"), ("manager", "consortium"), ("bureau", "county"))
    by = system(county.strange_region.pk)
    township = cast.house(by, county.strange_hospital, "township", "临水镇卫生院")
    cast.agree(by, [(county.strange_hospital, "house"), (township, "house")])
    _user, doctor = cast.hire(by, township, "胡医生", "township-doctor")
    patient = cast.resident(county.strange_admin, county.strange_region, "周大爷")
    letter = cast.letter(
        county,
        county_id=county.strange_region.pk,
        written_by=township,
        from_org=township,
        to_org=county.strange_hospital,
        person=patient,
    )
    referrals.submit(referrals.draft(letter, by=doctor), by=doctor)
    at_noon.shift(timedelta(days=3))
    for _turn in range(4):
        inbox.raise_overdue()
    assert [(level, org) for level, org, _ in levels(letter)] == [
        (0, county.strange_hospital.pk),
        (1, county.strange_hospital.pk),
        (3, county.strange_region.pk),
    ]


def test_one_item_that_cannot_be_raised_holds_up_no_other(county, at_noon):
    letters = []
    for number in range(2):
        patient = cast.resident(county.admin, county.region, f"患者{number}")
        letter = cast.letter(county, person=patient, urgency="emergency")
        letters.append(referrals.submit(referrals.draft(letter, by=county.wang), by=county.wang))
    # The first one's next step stands there already, as after a careless repair.
    InboxItem.objects.create(
        kind="referral",
        subject_id=letters[0].pk,
        level=1,
        org_id=county.hospital.pk,
        audience="role:desk",
        county_id=county.region.pk,
        state="submitted",
        urgency="emergency",
        title="already there",
        since=NOON,
        due_at=NOON,
    )
    at_noon.shift(timedelta(hours=1))
    inbox.raise_overdue()
    assert (1, county.hospital.pk, "role:desk") in levels(letters[1])


def test_news_is_read_in_the_readers_language(asked, county):
    referrals.accept(asked, by=county.li)
    notice = Notice.objects.for_actor(county.wang).first()
    assert notice is not None
    assert notice.message == "%(to)s已接收患者 %(patient)s"
    assert notice.text == "青山县人民医院已接收患者 陈桂香"


def test_news_is_for_the_house_it_was_left_for(asked, county):
    referrals.accept(asked, by=county.li)
    for name in ("zhao", "liu", "zheng", "admin", "stranger"):
        assert not Notice.objects.for_actor(getattr(county, name)).exists(), name


def test_a_glance_tells_what_waits_and_what_is_new(asked, county, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert inbox.at_a_glance(county.li) == (1, 1)
    assert inbox.at_a_glance(county.li, since=NOON) == (1, 0)
    assert inbox.at_a_glance(county.stranger) == (0, 0)
