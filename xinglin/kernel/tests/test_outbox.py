"""Facts that are told upwards: after the commit, to everybody who listens, whatever happens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.utils import timezone

from tests import cast
from xinglin.clinical.referral import actions as referrals
from xinglin.kernel import outbox, worker
from xinglin.kernel.ids import new_id
from xinglin.kernel.models import Delivery, OutboxEvent

pytestmark = pytest.mark.usefixtures("quiet")


class BellRang(outbox.Event):
    """The bell of the house has rung."""

    name = "test.bell-rang"
    bell_id: UUID


def ring() -> BellRang:
    event = BellRang(bell_id=new_id())
    outbox.publish(event)
    return event


@pytest.mark.django_db
def test_what_was_told_is_not_told_again():
    heard: list[Any] = []
    outbox.on(BellRang)(heard.append)
    ring()
    assert [outbox.deliver(), outbox.deliver(), outbox.deliver()] == [1, 0, 0]
    assert len(heard) == 1


@pytest.mark.django_db
def test_a_fact_nobody_listens_to_is_kept_all_the_same():
    ring()
    assert OutboxEvent.objects.get(name="test.bell-rang").deliveries.count() == 0
    assert outbox.deliver() == 0


@pytest.mark.django_db
def test_everybody_who_listens_hears_it_in_order():
    heard: list[Any] = []
    outbox.on(BellRang)(lambda event: heard.append(("first", event.bell_id)))

    @outbox.on(BellRang)
    def second(event: BellRang) -> None:
        heard.append(("second", event.bell_id))

    first, then = ring(), ring()
    assert outbox.deliver() == 4
    assert [who for who, _ in heard] == ["first", "second", "first", "second"]
    assert [bell for _, bell in heard] == [first.bell_id] * 2 + [then.bell_id] * 2


@pytest.mark.django_db
def test_the_listeners_work_and_its_receipt_commit_together(county):
    """It writes, then breaks: what it wrote is gone, and it will hear the fact again."""

    @outbox.on(BellRang)
    def write_and_break(event: BellRang) -> None:
        cast.resident(county.admin, county.region, "半途而废")
        raise RuntimeError("broken")

    ring()
    outbox.deliver()
    assert not county.patient.__class__.objects.filter(name="半途而废").exists()
    delivery = Delivery.objects.get(event__name="test.bell-rang")
    assert (delivery.done_at, delivery.attempts) == (None, 1)
    assert "broken" in delivery.error


@pytest.mark.django_db
def test_a_broken_listener_holds_nobody_up():
    heard: list[Any] = []

    @outbox.on(BellRang)
    def broken(event: BellRang) -> None:
        raise RuntimeError

    outbox.on(BellRang)(heard.append)
    for _time in range(3):
        ring()
    assert outbox.deliver() == 3
    assert len(heard) == 3


@pytest.mark.django_db
def test_a_broken_listener_is_asked_again_later_and_later_and_parked_after_ten():
    calls = []

    @outbox.on(BellRang)
    def broken(event: BellRang) -> None:
        calls.append(timezone.now())
        raise RuntimeError("still broken")

    with time_machine.travel(timezone.now(), tick=False) as traveller:
        ring()
        for tries in range(1, outbox.PARKED_AFTER + 1):
            outbox.deliver()
            delivery = Delivery.objects.get()
            assert delivery.attempts == tries == len(calls)
            if tries == outbox.PARKED_AFTER:
                break
            # Not before its time, however often the worker turns.
            outbox.deliver()
            traveller.shift(timedelta(seconds=2**tries - 1))
            outbox.deliver()
            assert len(calls) == tries
            traveller.shift(timedelta(seconds=1))
        assert delivery.parked_at == timezone.now()
        traveller.shift(timedelta(days=30))
        outbox.deliver()
        assert len(calls) == outbox.PARKED_AFTER
        assert Delivery.objects.parked().get() == delivery


@pytest.mark.django_db
def test_an_operator_starts_a_parked_delivery_again():
    mended: list[Any] = []

    @outbox.on(BellRang)
    def listener(event: BellRang) -> None:
        if not mended:
            raise RuntimeError
        mended.append(event)

    with time_machine.travel(timezone.now(), tick=False) as traveller:
        ring()
        for _time in range(outbox.PARKED_AFTER):
            outbox.deliver()
            traveller.shift(timedelta(hours=1))
        delivery = Delivery.objects.parked().get()
        mended.append("the cause")
        outbox.retry(delivery)
        assert outbox.deliver() == 1
    delivery.refresh_from_db()
    assert delivery.parked_at is None
    assert delivery.done_at is not None


@pytest.mark.django_db
def test_a_listener_that_exists_no_more_is_parked_and_not_forgotten():
    @outbox.on(BellRang)
    def soon_gone(event: BellRang) -> None:
        raise AssertionError("nobody calls me")

    ring()
    outbox._listeners.pop("test.bell-rang")
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        for _time in range(outbox.PARKED_AFTER):
            outbox.deliver()
            traveller.shift(timedelta(hours=1))
    assert Delivery.objects.parked().count() == 1


@pytest.mark.django_db
def test_what_is_announced_carries_ids_and_plain_values(county):
    letter = referrals.submit(referrals.draft(cast.letter(county), by=county.wang), by=county.wang)
    told = OutboxEvent.objects.get(name="referral.submitted").payload
    assert told["referral_id"] == str(letter.pk)
    assert told["direction"] == "up"
    assert all(isinstance(value, str) for value in told.values())


@pytest.mark.django_db
def test_the_worker_outlives_a_broken_clock():
    done = []
    broken = worker.Clock(0, lambda: 1 / 0)
    sound = worker.Clock(0, lambda: done.append("turned"))
    worker._clocks.extend([broken, sound])
    try:
        worker.turn(0.0)
    finally:
        worker._clocks.remove(broken)
        worker._clocks.remove(sound)
    assert done == ["turned"]
