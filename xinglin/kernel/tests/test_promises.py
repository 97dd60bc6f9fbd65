"""What the database itself refuses, whoever asks: the last promise that nothing is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tests import cast
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.models import Referral, State
from xinglin.kernel.errors import WrongState
from xinglin.kernel.ids import new_id
from xinglin.registry.people.models import Person


@pytest.fixture
def waiting(county):
    return referrals.submit(referrals.draft(cast.letter(county), by=county.wang), by=county.wang)


@pytest.fixture
def finished(waiting, county):
    return referrals.cancel(waiting, by=county.wang, code="patient-better")


def column(name: str) -> str:
    return str(Referral._meta.get_field(name).column)  # type: ignore[union-attr]


def stored(name: str, value):
    """A value as this database keeps it."""
    field: Any = Referral._meta.get_field(name)
    return field.get_db_prep_save(value, connection=connection)


def raw_update(row: Referral, **values) -> None:
    """Behind the house's back: plain SQL, as a repair script or a careless hand would."""
    columns = {column(name): stored(name, value) for name, value in values.items()}
    told = ", ".join(f'"{name}" = %s' for name in columns)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "referral_referral" SET {told} WHERE "id" = %s',
            [*columns.values(), stored("id", row.pk)],
        )


def raw_insert(row: Referral, **values) -> None:
    """A copy of the row under a new number, with some values changed."""
    columns = [str(field.column) for field in Referral._meta.concrete_fields]
    given = {
        "id": new_id(),
        "number": "R000000-COPY",
        **values,
    }
    told = {column(name): stored(name, value) for name, value in given.items()}
    # PostgreSQL takes a bare parameter in SELECT for text: say what it is.
    typed = "CAST(%s AS {})" if connection.vendor == "postgresql" else "%s"
    selected = ", ".join(
        typed.format(_type(name)) if name in told else f'"{name}"' for name in columns
    )
    names = ", ".join(f'"{name}"' for name in columns)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "referral_referral" ({names}) SELECT {selected} '
            'FROM "referral_referral" WHERE "id" = %s',
            [*(told[name] for name in columns if name in told), stored("id", row.pk)],
        )


def _type(name: str) -> str:
    field = next(f for f in Referral._meta.concrete_fields if f.column == name)
    return field.db_type(connection) or "text"


@pytest.mark.parametrize("lost", ["owner", "due_at", "duty"])
def test_an_open_referral_cannot_lose_its_owner_deadline_or_duty(waiting, lost):
    nothing = {"owner": None, "due_at": None, "duty": ""}[lost]
    with pytest.raises(IntegrityError, match="referral_open_has_owner_and_deadline"):
        raw_update(waiting, **{lost: nothing})
    assert Referral.objects.get(pk=waiting.pk).owner_id is not None


@pytest.mark.parametrize("lost", ["owner", "due_at", "duty"])
def test_an_open_referral_without_the_three_cannot_be_put_in(waiting, lost):
    nothing = {"owner": None, "due_at": None, "duty": ""}[lost]
    with pytest.raises(IntegrityError, match="referral_open_has_owner_and_deadline"):
        raw_insert(waiting, **{lost: nothing})


def test_the_copy_would_have_been_taken_with_the_three(waiting):
    # So that the test above fails for the reason it names.
    raw_insert(waiting)
    assert Referral.objects.filter(number="R000000-COPY").exists()


def test_nobody_owes_anything_for_a_finished_referral(finished, county):
    for owed in (
        {"owner": county.hospital.pk},
        {"due_at": timezone.now()},
        {"duty": "referral.accept"},
    ):
        with pytest.raises(IntegrityError, match="referral_open_has_owner_and_deadline"):
            raw_update(finished, **owed)


@pytest.mark.parametrize("state", [State.CANCELLED, State.ENDED, State.FOLLOWED_UP])
def test_an_open_referral_cannot_be_finished_and_still_be_owed(waiting, state):
    with pytest.raises(IntegrityError):
        raw_update(waiting, state=str(state), end_code="other")


def test_a_finished_referral_cannot_be_opened_without_an_owner(finished):
    with pytest.raises(IntegrityError):
        raw_update(finished, state="submitted")


def test_a_closed_referral_is_owed_only_while_somebody_must_follow_up(waiting, county):
    # Up: closed is the end. Down: closed is the village doctor's turn.
    arrived = timezone.now()
    with pytest.raises(IntegrityError):
        raw_update(waiting, state="closed", arrived_at=arrived)
    with pytest.raises(IntegrityError):
        raw_update(
            waiting,
            state="closed",
            arrived_at=arrived,
            direction="down",
            owner=None,
            duty="",
            due_at=None,
        )
    raw_update(waiting, state="closed", arrived_at=arrived, direction="down")
    raw_update(
        waiting,
        state="closed",
        arrived_at=arrived,
        direction="up",
        owner=None,
        duty="",
        due_at=None,
    )


def test_a_refusal_without_a_reason_is_refused(waiting):
    with pytest.raises(IntegrityError, match="referral_refusal_has_a_reason"):
        raw_update(waiting, state="declined")


def test_an_end_without_a_reason_is_refused(waiting):
    with pytest.raises(IntegrityError, match="referral_end_has_a_reason"):
        raw_update(waiting, state="cancelled", owner=None, due_at=None, duty="")


def test_an_arrival_without_its_time_is_refused(waiting):
    with pytest.raises(IntegrityError, match="referral_arrival_has_its_time"):
        raw_update(waiting, state="arrived")


def test_a_house_cannot_refer_to_itself(waiting, county):
    with pytest.raises(IntegrityError, match="referral_leaves_the_house"):
        raw_update(waiting, to_org=county.township.pk)


def test_two_living_residents_never_bear_one_id_card(county):
    other = cast.resident(county.admin, county.region, "另一人")
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.filter(pk=other.pk).update(id_number=county.patient.id_number)


def test_a_state_moves_only_along_the_map(waiting, county):
    with pytest.raises(WrongState) as refusal:
        waiting.move_to(State.ARRIVED)
    # The sentence names the record and both ends.
    for word in (waiting.number, "已申请", "已到诊"):
        assert word in str(refusal.value)
    assert waiting.state == State.SUBMITTED


def test_every_state_can_be_reached_and_every_move_leads_somewhere_known():
    moves = Referral.MOVES
    reached, front = {State.DRAFT}, [State.DRAFT]
    while front:
        for following in moves.get(front.pop(), set()):
            if following not in reached:
                reached.add(following)
                front.append(following)
    assert reached == set(State)
    assert all(isinstance(s, State) for ends in moves.values() for s in ends)


def test_handing_over_names_all_three_and_finishing_clears_all_three(county):
    letter = cast.letter(county)
    now = timezone.now()
    letter.hand_to(county.hospital.pk, "referral.accept", due_at=now + timedelta(1), since=now)
    assert (letter.owner_id, letter.duty, letter.due_at, letter.clock_from) == (
        county.hospital.pk,
        "referral.accept",
        now + timedelta(1),
        now,
    )
    letter.finish()
    assert (letter.owner_id, letter.duty, letter.due_at, letter.clock_from) == (
        None,
        "",
        None,
        None,
    )
