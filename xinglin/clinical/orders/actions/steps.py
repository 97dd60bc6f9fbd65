"""What several acts share: whose turn is next, what the record hears, known reasons."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.orders import catalogue, events, permissions
from xinglin.clinical.orders.models import (
    BEFORE_ACTIVE,
    Done,
    Execution,
    Kind,
    Order,
    State,
    Term,
)
from xinglin.clinical.orders.rules import timing
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Medication
from xinglin.kernel import inbox, parameters
from xinglin.kernel.access import Actor, system
from xinglin.kernel.errors import Refused, WrongState
from xinglin.kernel.outbox import publish
from xinglin.registry.organisations.models import Level, Organisation, tree
from xinglin.registry.staff import catalogue as staff
from xinglin.registry.staff.models import Post
from xinglin.registry.terminology import catalogue as terminology

SLACK = timedelta(minutes=5)
# What the record calls this house's orders; an order's medicine is found by it.
SOURCE = "orders"


class WrongOrder(Refused):
    """The order as it is written cannot be meant."""

    code = "wrong-order"


class WrongTime(Refused):
    code = "wrong-time"


def not_ahead(value: datetime, now: datetime, *, field: str) -> None:
    if value > now + SLACK:
        raise WrongTime(_("时间不能晚于现在。"), field=field)


def visit_open(order: Order) -> None:
    """Nothing is ordered or done in a visit that is over."""
    if order.encounter.voided_at is not None:
        raise WrongState(_("该次就诊已作废。"))
    if order.encounter.ended_at is not None:
        raise WrongState(_("就诊已结束，不能再开立或执行医嘱。"))


def group_of(order: Order) -> list[Order]:
    """The orders that run in one drip with this one, itself among them."""
    if order.group is None:
        return [order]
    mates = Order.objects.filter(group=order.group, encounter_id=order.encounter_id)
    return list(mates.select_related("person", "encounter").order_by("place", "id"))


# ------------------------------------------------------------------------- who owes the next step


def level_of(order: Order) -> str:
    house = tree.get(order.organisation_id)
    return house.level if house else ""


def needs_review(order: Order) -> bool:
    """Whether a pharmacist looks at it before it is carried out."""
    return (
        order.kind == Kind.DRUG
        and level_of(order) in parameters.get("orders.review.levels")
        and order.term in parameters.get("orders.review.terms")
        and (not order.emergency or parameters.get("orders.review.emergency"))
    )


def who_holds(code: str, house: Organisation) -> bool:
    """Whether somebody at the house has a post that may do this."""
    roles = [role.code for role in staff.roles().values() if code in role.permissions]
    posts = Post.objects.filter(
        organisation=house, role__in=roles, practitioner__user__isnull=False
    )
    return posts.held_on(timezone.localdate()).exists()


def checking_house(order: Order) -> Organisation | None:
    """The house whose pharmacist checks: its own, the one the county names, the lead hospital.

    None where there is no pharmacist to ask, or a second doctor is to do it.
    """
    own = tree.get(order.organisation_id)
    assert own is not None, "the database refuses an order of no house"
    if who_holds(permissions.REVIEW.code, own):
        return own
    if parameters.get("orders.review.without_pharmacist") != "remote":
        return None
    named = parameters.get("orders.review.houses").get(own.code)
    for house in tree.rows().values():
        if house.region_id != order.county_id or house.closed_on is not None:
            continue
        if house.code == named if named else house.leads and house.level == Level.COUNTY:
            return house if who_holds(permissions.REVIEW.code, house) else None
    return None


def ask_review(order: Order, now: datetime) -> None:
    """The pharmacist owes the next step, or a second doctor where there is none."""
    order.move_to(State.REVIEW)
    house = checking_house(order)
    order.checker = house
    order.reviewed_by = order.return_code = order.return_text = ""
    order.reviewed_at = None
    order.hand_to(
        house.pk if house else order.organisation_id,
        permissions.REVIEW.code if house else permissions.SECOND.code,
        since=now,
        due_at=now + _within(order, "orders.review_minutes"),
    )


def _within(order: Order, usual: str) -> timedelta:
    return parameters.duration("orders.emergency_minutes" if order.emergency else usual)


def take_effect(order: Order, now: datetime, *, by: Actor) -> None:
    """It stands: the record learns of the medicine; a nurse checks it, or it runs at once."""
    write_medicine(order, by=by)
    if not order.verbal and level_of(order) in parameters.get("orders.nurse_check.levels"):
        order.move_to(State.TO_CHECK)
        order.hand_to(
            order.organisation_id,
            permissions.CHECK.code,
            since=now,
            due_at=now + _within(order, "orders.nurse_check_minutes"),
        )
    else:
        activate(order, now)


def activate(order: Order, now: datetime) -> None:
    """From now it may be carried out; its times are laid out."""
    order.move_to(State.ACTIVE)
    order.save()
    lay_out(order, now)
    owe(order, now)
    announce(events.OrderPlaced, order, now, term=order.term)


def lay_out(order: Order, now: datetime) -> int:
    """Write the due times up to the horizon, each once; how many were new."""
    horizon = now + parameters.duration("orders.plan_hours")
    since = order.planned_until or order.start_at
    frequency = order.how_often
    if order.term == Term.LONG:
        # What was due before it was checked was nobody's to do.
        since = max(since, _opening(order, now))
        times = timing.due_times(frequency, order.start_at, since, horizon, order.planned_end)
    elif frequency.kind == "need":
        times = []
    else:
        times = [] if order.planned_until else [order.start_at]
    known = set(order.executions.filter(voided_at=None).values_list("due_at", flat=True))
    fresh = [
        Execution(order=order, person_id=order.person_id, due_at=at)
        for at in times
        if at not in known
    ]
    Execution.objects.bulk_create(fresh)
    order.planned_until = max(horizon, since)
    return len(fresh)


def _opening(order: Order, now: datetime) -> datetime:
    """The earliest time that still counts when an order begins to run."""
    if order.planned_until is not None:
        return order.planned_until
    return max(order.start_at, now - parameters.duration("orders.late_minutes"))


def owe(order: Order, now: datetime) -> None:
    """Who owes what next of an order that runs: the nurse a time, the doctor a look."""
    waiting = order.executions.filter(state=Done.DUE, voided_at=None).order_by("due_at").first()
    house = order.organisation_id
    if waiting is not None:
        since, grace = waiting.due_at, _grace(order)
        order.hand_to(house, permissions.GIVE.code, since=since, due_at=since + grace)
        return
    frequency = order.how_often
    if order.term == Term.LONG:
        following = timing.next_due(frequency, order.start_at, now, order.planned_end)
        if following is not None:
            order.hand_to(
                house,
                permissions.GIVE.code,
                since=following,
                due_at=following + _grace(order),
            )
            return
    elif order.planned_end is not None:
        # Once if needed: until it lapses somebody may need it.
        order.hand_to(house, permissions.GIVE.code, since=now, due_at=order.planned_end)
        return
    looked = order.kept_at or order.signed_at or order.created_at
    order.hand_to(
        house,
        permissions.KEEP.code,
        since=looked,
        due_at=order.planned_end or looked + parameters.duration("orders.review_days"),
    )


def _grace(order: Order) -> timedelta:
    if order.term == Term.LONG:
        return parameters.duration("orders.late_minutes")
    return _within(order, "orders.temporary_minutes")


# ------------------------------------------------------------------------- what the record hears


def recorder(order: Order, by: Actor) -> Actor:
    """Who writes the medicine: the hand that acts in the house, else the house itself.

    Whoever may act on an order notes with it what the record must know, though a nurse voids
    nothing and a pharmacist elsewhere writes nothing by themselves.
    """
    if by.at(order.organisation_id):
        return replace(by, codes=by.codes | {"record.write", "record.void"})
    return system(order.county_id)


def write_medicine(order: Order, *, by: Actor) -> None:
    """What is taken now, for everybody who treats the person."""
    if order.kind != Kind.DRUG or order.medication_id is not None:
        return
    first = timezone.localdate(order.start_at)
    order.medication = record.note(
        Medication(
            person_id=order.person_id,
            organisation_id=order.organisation_id,
            encounter=order.encounter,
            author=order.doctor,
            source=SOURCE,
            source_id=str(order.pk),
            intent=Medication.Intent.ORDER,
            name=order.name,
            system="drugs" if order.code else "",
            code=order.code[:30],
            form=order.form,
            dose=order.dose,
            dose_value=order.dose_value,
            dose_unit=order.dose_unit,
            frequency=catalogue.frequencies()[order.frequency].zh,
            frequency_code=order.frequency
            if terminology.find("frequency", order.frequency)
            else "other",
            route=catalogue.routes()[order.route].zh if order.route else "",
            route_code=catalogue.routes()[order.route].ws364 if order.route else "",
            days=order.days if order.term == Term.TAKE_HOME else None,
            prescriber=order.doctor,
            started_on=first,
            ended_on=_last_day(order),
        ),
        by=recorder(order, by),
    )


def _last_day(order: Order) -> Any:
    first = timezone.localdate(order.start_at)
    if order.term == Term.TAKE_HOME:
        return first + timedelta(days=order.days - 1) if order.days else None
    if order.term == Term.TEMPORARY:
        return first
    return timezone.localdate(order.planned_end) if order.planned_end else None


def end_medicine(order: Order, at: datetime, *, by: Actor) -> None:
    """It is taken no more: ended if it was ever given, struck out if it never was."""
    medicine = order.medication
    if medicine is None or medicine.voided_at is not None:
        return
    hand = recorder(order, by)
    if order.given == 0:
        record.void(medicine, by=hand, reason=order.end_label or _("医嘱未执行"))
    elif order.term == Term.LONG:
        last = max(timezone.localdate(at), medicine.started_on)
        if medicine.ended_on is not None and medicine.ended_on <= last:
            return
        record.stop_medication(medicine, by=hand, on=last)


# ------------------------------------------------------------------------- the end, and the news


def finish(order: Order, state: State, code: str, text: str, at: datetime, *, by: Actor) -> None:
    """Leave the road with a reason; what was still due is due no more. The act saves."""
    was = State(order.state)
    order.move_to(state)
    order.end_code, order.end_text = code, text.strip()
    order.ended_at, order.ended_by = at, by.name[:50]
    order.finish()
    drop(order)
    end_medicine(order, at, by=by)
    if was not in BEFORE_ACTIVE:
        announce(events.OrderEnded, order, at, state=order.state, end_code=code)


def drop(order: Order, since: datetime | None = None) -> None:
    """What is due (from a moment on) will not be done: it went with its order."""
    rows = order.executions.filter(state=Done.DUE, voided_at=None)
    if since is not None:
        rows = rows.filter(due_at__gte=since)
    rows.update(state=Done.DROPPED)


def announce(event: type[events.OrderEvent], order: Order, at: datetime, **more: Any) -> None:
    publish(
        event(
            order_id=order.pk,
            person_id=order.person_id,
            organisation_id=order.organisation_id,
            encounter_id=order.encounter_id,
            kind=order.kind,
            code=order.code,
            at=at,
            **more,
        )
    )


def tell(order: Order, audience: Any, message: str, **params: Any) -> None:
    """News for those of the order's house who hold a permission."""
    inbox.tell(
        order.organisation_id,
        audience.code,
        message,
        subject=order,
        patient=order.person.name,
        order=str(order),
        **params,
    )
