"""What is known of a person, put before the machine's check."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from xinglin.clinical.orders import catalogue
from xinglin.clinical.orders.models import Kind, Order, Term
from xinglin.clinical.orders.rules import safety
from xinglin.clinical.record.models import Allergy, Diagnosis, Medication
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import tree

PREGNANCY = timedelta(days=280)


def findings_of(order: Order, *, by: Actor) -> list[safety.Finding]:
    """What speaks against the order, of all that the post may know of the person."""
    if order.kind != Kind.DRUG:
        return []
    frequency = catalogue.frequencies().get(order.frequency)
    if frequency is None:
        return []
    proposal = safety.Proposal(
        name=order.name,
        drug=catalogue.drugs().get(order.code),
        dose=order.dose_value,
        unit=order.dose_unit,
        frequency=frequency,
        once=order.term == Term.TEMPORARY,
    )
    return safety.check(proposal, situation_of(order, by=by))


def situation_of(order: Order, *, by: Actor) -> safety.Situation:
    """Age, pregnancy, allergies, and what is ordered or taken now, here and in other houses."""
    person, today = order.person, timezone.localdate()
    born = person.birth_date
    age = None
    if born is not None:
        age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    allergies = Allergy.objects.visible_to(by).of(person).standing()
    expecting = Diagnosis.objects.visible_to(by).of(person).standing()
    pregnant = person.sex != "1" and (
        expecting.filter(diagnosed_on__gte=today - PREGNANCY)
        .filter(
            Q(code__startswith="O0")
            | Q(code__startswith="O1")
            | Q(code__startswith="O2")
            | Q(code__startswith="O3")
            | Q(code__startswith="O4")
            | Q(code__startswith="Z33")
            | Q(code__startswith="Z34")
            | Q(code__startswith="Z35")
        )
        .exists()
    )
    return safety.Situation(
        age=age,
        pregnant=pregnant,
        allergies=tuple(
            safety.KnownAllergy(each.substance, each.code if each.system == "allergen-kind" else "")
            for each in allergies.filter(status=Allergy.Status.ACTIVE)
        ),
        taken=(*_ordered(order), *_taken(order, by)),
    )


def _ordered(order: Order) -> list[safety.Taken]:
    """Drugs on the same sheet; those that run in one drip or were given once are no doubles."""
    others = Order.objects.filter(
        person_id=order.person_id, encounter_id=order.encounter_id, kind=Kind.DRUG
    )
    others = others.standing().exclude(pk=order.pk)
    return [
        safety.Taken(
            name=other.name,
            code=other.code,
            house=tree.name(other.organisation_id),
            here=True,
            once=other.term != Term.LONG or order.term == Term.TAKE_HOME,
        )
        for other in others
    ]


def _taken(order: Order, by: Actor) -> list[safety.Taken]:
    """Medicines in use that other houses, or earlier visits, wrote down."""
    rows = Medication.objects.visible_to(by).of(order.person).in_use(timezone.localdate())
    rows = rows.exclude(encounter_id=order.encounter_id)
    named = {drug.zh: drug.code for drug in catalogue.drugs().values()}
    return [
        safety.Taken(
            name=each.name,
            code=each.code if each.system == "drugs" else named.get(each.name, ""),
            house=tree.name(each.organisation_id),
        )
        for each in rows
    ]
