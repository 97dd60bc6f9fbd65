"""The care plans of the demo county: from the templates, carried out, objected to, flagged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from django.utils import timezone

from xinglin.clinical.careplans import actions as plans
from xinglin.clinical.careplans import catalogue
from xinglin.clinical.careplans.models import CarePlan, CareTask
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.actions import Plan
from xinglin.clinical.referral.models import Referral, State
from xinglin.kernel import clock
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person

# What is measured of somebody who does well, by LOINC code.
MEASURED = {
    "8480-6": "128",
    "8462-4": "78",
    "8867-4": "72",
    "8310-5": "36.6",
    "59408-5": "96",
    "15074-8": "6.4",
    "4548-4": "6.8",
    "22748-8": "1.7",
    "6690-2": "5.4",
    "777-3": "210",
    "718-7": "128",
}
# So many tasks of a plan are told; the demo need not do them all.
TOLD = 3


def plan_for(diagnosis: str, person: Person, at: datetime) -> Plan:
    """The plan of the illness; one patient in five goes down against a criterion."""
    template = catalogue.template_for(diagnosis)
    proposed = plans.from_template(template, timezone.localdate(at))
    criteria = [{"code": point.code, "met": True} for point in catalogue.criteria_of(template.code)]
    if Random(person.id_number).random() < 0.2:
        criteria[1] |= {"met": False, "exception": "patient-request"}
    return Plan(proposed.items, criteria, template.code, proposed.goal)


def carry(
    plan: CarePlan, houses: Mapping[UUID, Actor], now: datetime, *, days: int, flag: bool
) -> datetime:
    """Do the first tasks of these days, each at noon; the moment of the last."""
    last = timezone.localdate(now) + timedelta(days=days)
    tasks = CareTask.objects.filter(plan=plan, due_on__lte=last, follow_up=False).waiting()
    rows = tasks.select_related("plan__person", "person", "item").order_by("due_on", "id")
    chosen = list(rows[:TOLD])
    for place, task in enumerate(chosen):
        at = max(now, _noon(task.due_on))
        if at > timezone.now():
            break
        now = at
        with clock.at(now):
            _do(task, houses[task.organisation_id], now, worse=flag and place == len(chosen) - 1)
    return now


def _do(task: CareTask, by: Actor, at: datetime, *, worse: bool) -> None:
    symptoms = [code for item in task.plan.of_now() for code in item.symptoms]
    plans.do(
        task,
        by=by,
        done_at=at,
        mode="home" if by.role == "village-doctor" else "clinic",
        values={code: Decimal(MEASURED[code]) for code in (task.item.codes if task.item else [])},
        symptoms=symptoms[:1] if worse else [],
        note="较前加重，已联系家属。" if worse else "病情平稳，按时服药，能坚持锻炼。",
    )


def object_to(plan: CarePlan, by: Actor) -> None:
    """Ask the writer to give one of the tasks to somebody else."""
    hard = next(item for item in plan.of_now() if item.has_tasks and not item.follow_up)
    objection = plans.Objection("no-staff", "人手不足，可由医生在门诊完成", {"performer": "doctor"})
    plans.object_to(plan, by=by, objections={hard.pk: objection})


def _noon(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(12)))


def answer_old_flags(at: Callable[[Organisation, str], Actor], now: datetime) -> None:
    """What a red flag drafted weeks ago was looked at then; today's waits for its doctor."""
    drafts = Referral.objects.filter(state=State.DRAFT, due_at__lt=now - timedelta(days=1))
    for letter in drafts.select_related("from_org"):
        role = "village-doctor" if letter.from_org.level == "village" else "township-doctor"
        assert letter.due_at is not None
        with clock.at(letter.due_at - timedelta(minutes=20)):
            referrals.cancel(letter, by=at(letter.from_org, role), code="patient-better")
