"""Several people at one referral in the same instant, on a real file and a real server."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests import cast
from tests.races import together
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral import listeners
from xinglin.clinical.referral.models import Referral, State
from xinglin.clinical.referral.tests import factories as road
from xinglin.kernel import clock, inbox, outbox, trail
from xinglin.kernel.errors import Conflict, Refused, WrongState
from xinglin.kernel.models import Delivery, InboxItem, TrailEntry
from xinglin.registry.people import actions as people

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def county(transactional_db):
    return cast.make()


def lines(referral: Referral, verb: str = "") -> int:
    found = TrailEntry.objects.filter(subject_id=referral.pk)
    return found.filter(verb=f"referral.{verb}").count() if verb else found.count()


def test_two_desks_answer_one_request_and_one_of_them_reads_a_sentence(county):
    referral = road.submitted(county)
    _user, second = cast.hire(county.admin, county.hospital, "钱护士", "desk")

    def accept():
        return referrals.accept(Referral.objects.get(pk=referral.pk), by=county.li)

    def decline():
        return referrals.decline(
            Referral.objects.get(pk=referral.pk), by=second, code="no-bed", alternative="留观"
        )

    before = lines(referral)
    given = together(accept, decline)
    won = [x for x in given if isinstance(x, Referral)]
    lost = [x for x in given if isinstance(x, Refused)]
    assert len(won) == len(lost) == 1
    assert isinstance(lost[0], WrongState)
    assert referral.number in str(lost[0])
    referral.refresh_from_db()
    assert referral.state == won[0].state
    assert lines(referral) == before + 1
    assert InboxItem.objects.filter(subject_id=referral.pk).count() == 1


def test_two_desks_press_the_same_button(county):
    referral = road.submitted(county)
    given = together(
        *[lambda: referrals.accept(Referral.objects.get(pk=referral.pk), by=county.li)] * 4
    )
    assert sum(isinstance(x, Referral) for x in given) == 1
    assert sum(isinstance(x, WrongState) for x in given) == 3
    assert lines(referral, "accept") == 1


def test_the_sender_cancels_while_the_desk_accepts(county):
    """Whatever comes first, the end is one that both can read in the trail."""
    referral = road.submitted(county)
    together(
        lambda: referrals.accept(Referral.objects.get(pk=referral.pk), by=county.li),
        lambda: referrals.cancel(
            Referral.objects.get(pk=referral.pk), by=county.wang, code="patient-better"
        ),
    )
    referral.refresh_from_db()
    # Accepted and then cancelled, or cancelled and then not accepted any more.
    assert referral.state == State.CANCELLED
    assert not InboxItem.objects.filter(subject_id=referral.pk).exists()


def test_sixty_clicks_by_many_hands_on_a_few_referrals(county):
    letters = []
    for number in range(3):
        patient = cast.resident(county.admin, county.region, f"患者{number}")
        letters.append(road.submitted(county, person=patient))
    clicks: list[tuple[str, Any, Callable[[], dict[str, Any]]]] = [
        ("accept", county.li, dict),
        ("waitlist", county.li, lambda: {"code": "no-bed"}),
        ("decline", county.li, lambda: {"code": "no-bed", "alternative": "留观"}),
        ("redirect", county.wang, lambda: {"to_org": county.other_township}),
        ("depart", county.wang, lambda: {"departed_at": timezone.now()}),
        ("receive", county.li, lambda: {"arrived_at": timezone.now()}),
        ("treat", county.chen, dict),
        ("end", county.chen, lambda: {"code": "lost-contact"}),
        ("accept", county.liu, dict),
        ("receive", county.liu, lambda: {"arrived_at": timezone.now()}),
    ]
    before = {letter.pk: lines(letter) for letter in letters}
    won: Counter[Any] = Counter()
    sentences: list[str] = []
    guard = threading.Lock()
    dice = random.Random(7)
    hands = [
        [(dice.choice(letters).pk, *dice.choice(clicks)) for _click in range(10)]
        for _hand in range(6)
    ]

    def work(mine) -> Callable[[], None]:
        def run() -> None:
            for pk, name, actor, facts in mine:
                try:
                    getattr(referrals, name)(Referral.objects.get(pk=pk), by=actor, **facts())
                except Refused as refusal:
                    with guard:
                        sentences.append(str(refusal))
                else:
                    with guard:
                        won[pk] += 1

        return run

    together(*[work(mine) for mine in hands])
    assert sum(won.values()) + len(sentences) == 60
    assert all(sentences)
    for letter in letters:
        letter.refresh_from_db()
        # Exactly one line for each click that was taken, and none for one that was refused.
        assert lines(letter) == before[letter.pk] + won[letter.pk]
        levels = list(
            InboxItem.objects.filter(subject_id=letter.pk).values_list("level", "org_id", "due_at")
        )
        owed = [(0, letter.owner_id, letter.due_at)] if letter.is_open else []
        assert levels == owed
        states = [
            line.changes["state"]
            for line in trail.of([letter.pk])
            if "state" in line.changes and line.changes["state"][0]
        ]
        for now, then in states:
            assert State(then) in Referral.MOVES[State(now)]
    trail.seal()
    assert trail.verify().broken_at is None


def test_two_workers_let_one_acceptance_lapse_once(county):
    with clock.at(timezone.now() - timedelta(days=4)):
        referral = road.drafted(county, consented_at=timezone.now() - timedelta(days=5))
        referrals.submit(referral, by=county.wang)
        referrals.accept(referral, by=county.li)
    together(listeners.watch_the_clock, listeners.watch_the_clock, listeners.watch_the_clock)
    referral.refresh_from_db()
    assert referral.state == State.EXPIRED
    assert lines(referral, "expire") == 1


def test_two_workers_deliver_one_event_once(county):
    referral = road.submitted(county)
    people.report_death(county.patient, by=county.wang, died_on=timezone.localdate())
    together(outbox.deliver, outbox.deliver, outbox.deliver)
    outbox.deliver()
    assert not Delivery.objects.filter(done_at=None).exists()
    referral.refresh_from_db()
    assert referral.state == State.ENDED
    assert lines(referral, "end") == 1


def test_two_workers_raise_one_alarm_once(county):
    with clock.at(timezone.now() - timedelta(days=3)):
        referral = referrals.draft(
            cast.letter(county, consented_at=timezone.now() - timedelta(days=4)), by=county.wang
        )
        referrals.submit(referral, by=county.wang)
    together(inbox.raise_overdue, inbox.raise_overdue)
    levels = InboxItem.objects.filter(subject_id=referral.pk).order_by("level")
    raised = levels.get(level=0).raised
    assert [item.level for item in levels] == list(range(raised + 1))


def test_an_answer_that_meets_the_alarm_leaves_nothing_ringing(county):
    """The clock raises and, before it commits, the desk answers: the alarm must not outlive it."""
    with clock.at(timezone.now() - timedelta(days=3)):
        referral = referrals.draft(
            cast.letter(county, consented_at=timezone.now() - timedelta(days=4)), by=county.wang
        )
        referrals.submit(referral, by=county.wang)
    raised = threading.Event()

    def ring() -> None:
        from django.db import transaction

        with transaction.atomic():
            inbox.raise_overdue()
            raised.set()
            # Long enough for the answer to reach the row and to wait there.
            threading.Event().wait(0.7)

    def answer() -> Referral:
        raised.wait(30)
        return referrals.cancel(
            Referral.objects.get(pk=referral.pk), by=county.wang, code="patient-better"
        )

    together(ring, answer)
    assert not InboxItem.objects.filter(subject_id=referral.pk).exists()


def test_two_desks_begin_a_letter_for_one_patient_and_one_is_told_that_there_is_another(county):
    def begin(house, actor) -> Callable[[], Referral]:
        return lambda: referrals.draft(
            cast.letter(county, from_org=house, written_by=house), by=actor
        )

    given = together(begin(county.township, county.wang), begin(county.other_township, county.liu))
    assert sum(isinstance(x, Referral) for x in given) == 1
    lost = next(x for x in given if isinstance(x, Refused))
    assert isinstance(lost, Conflict)
    assert "未结的转诊" in str(lost)
    assert Referral.objects.count() == 1


def test_two_workers_seal_the_trail_as_one_chain(county):
    together(trail.seal, trail.seal, trail.seal)
    trail.seal()
    verdict = trail.verify()
    assert (verdict.broken_at, verdict.unsealed) == (None, 0)
    assert verdict.lines == TrailEntry.objects.count()
