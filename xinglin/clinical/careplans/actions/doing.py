"""What is found at a task: written into the record, weighed against the plan's red flags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.careplans import catalogue, events, permissions
from xinglin.clinical.careplans.actions import steps
from xinglin.clinical.careplans.actions.running import arrive
from xinglin.clinical.careplans.models import (
    CarePlan,
    CareTask,
    Kind,
    Progress,
    Standing,
    State,
)
from xinglin.clinical.careplans.rules import Limit, limits_of
from xinglin.clinical.record import actions as record
from xinglin.clinical.record import catalogue as measured
from xinglin.clinical.record import rules as vital
from xinglin.clinical.record.models import Encounter
from xinglin.kernel import clock
from xinglin.kernel.access import Actor, system
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused, WrongState
from xinglin.kernel.outbox import publish

# How a task was done, as the record knows visits.
MODES = {
    "home": Encounter.Kind.HOME,
    "clinic": Encounter.Kind.OUTPATIENT,
    "phone": Encounter.Kind.REMOTE,
}


@action(permissions.DO)
def do(
    task: CareTask,
    *,
    by: Actor,
    done_at: datetime,
    mode: str = "home",
    values: Mapping[str, Decimal] | None = None,
    symptoms: Sequence[str] = (),
    note: str = "",
    result: str = "",
) -> CareTask:
    """Note what was found; values go into the record, and a red flag prepares the way back up.

    `values` are in the catalogue's units, by LOINC code; `mode` is home, clinic or phone;
    `result` says what came of looking for somebody who had not come.
    """
    values = dict(values or {})
    _in_time(task, done_at)
    _complete(task, mode, values, symptoms, note, result)
    task.move_to(Progress.DONE)
    task.done_at, task.done_by = done_at, by.name
    task.note, task.symptoms, task.reason = note.strip(), list(symptoms), result
    task.flags = flags_of(task.plan, values, symptoms)
    if task.kind != Kind.FIND:
        task.encounter = _into_the_record(task, by, mode, values)
    task.finish()
    task.clean_or_refuse(exclude=["owner", "plan", "item", "encounter"])
    task.save()
    if task.flags:
        _raise_flag(task, by)
    if result == "at-home":
        arrive(task.plan, by=system(task.county_id), arrived_at=done_at)
    elif result:
        message = gettext_noop("已寻访未到诊的下转患者 %(patient)s，请查看结果")
        steps.tell(task.plan, task.plan.author_org_id, permissions.WRITE, message)
    _announce(task)
    return task


@action(permissions.SKIP)
def skip(task: CareTask, *, by: Actor, code: str, text: str = "") -> CareTask:
    """Say that a task is not done, and why."""
    catalogue.reasons.check("skip", code, text, field="code")
    if task.follow_up:
        raise WrongState(_("两周内的随访不能跳过；联系不上时请终止转诊单并说明。"))
    if task.kind == Kind.FIND:
        raise WrongState(_("寻访须登记结果；仍联系不上也请如实登记。"))
    if task.due_on > timezone.localdate(clock.now()):
        raise WrongState(_("任务还没有到日期。"))
    task.move_to(Progress.SKIPPED)
    task.reason, task.note = code, text.strip()
    task.done_by = by.name
    task.finish()
    task.clean_or_refuse(exclude=["owner", "plan", "item", "encounter"])
    task.save()
    return task


@action(permissions.CLOCK)
def note_follow_up(
    task: CareTask, *, by: Actor, done_at: datetime, who: str, note: str
) -> CareTask:
    """The letter's follow-up was noted on the letter itself: it is this visit."""
    task.move_to(Progress.DONE)
    task.done_at, task.done_by, task.note = done_at, who, note[:1000]
    task.finish()
    task.save()
    return task


def flags_of(plan: CarePlan, values: Mapping[str, Decimal], symptoms: Iterable[str]) -> list[str]:
    """The sentences of the plan's red flags that values and symptoms raise, each once."""
    found: dict[str, None] = {}
    asked = set(symptoms)
    for item in plan.of_now().exclude(standing=Standing.DROPPED):
        for limit in limits_of(item.limits):
            value = values.get(limit.code)
            if value is not None and limit.passed_by(value):
                found[_sentence(limit, value)] = None
        for code in item.symptoms:
            if code in asked:
                found[catalogue.reasons.label("symptom", code)] = None
    # A symptom that the plan does not name is told all the same; the doctor has ticked it.
    for code in sorted(asked):
        found.setdefault(catalogue.reasons.label("symptom", code))
    return list(found)


def _sentence(limit: Limit, value: Decimal) -> str:
    item = measured.find(limit.code)
    above = limit.high is not None and value >= limit.high
    edge = limit.high if above else limit.low
    told = {
        "item": item.label if item else limit.code,
        "value": f"{value.normalize():f}",
        "unit": vital.said_unit(item.unit) if item else "",
        "limit": f"{edge.normalize():f}" if edge is not None else "",
    }
    if above:
        return _("%(item)s %(value)s %(unit)s，达到或高于 %(limit)s") % told
    return _("%(item)s %(value)s %(unit)s，达到或低于 %(limit)s") % told


def _in_time(task: CareTask, done_at: datetime) -> None:
    now = clock.now()
    plan = task.plan
    standing = (State.ACCEPTED, State.ACTIVE) if task.kind == Kind.FIND else (State.ACTIVE,)
    if plan.state not in standing:
        raise WrongState(_("照护计划不在执行中，不能登记任务。"))
    if done_at > now + vital.SLACK:
        raise Refused(_("时间不能晚于现在。"), field="done_at")
    day = timezone.localdate(done_at)
    if day < task.due_on:
        raise Refused(
            _("任务从 %(day)s 起可做。") % {"day": task.due_on.isoformat()}, field="done_at"
        )


def _complete(
    task: CareTask,
    mode: str,
    values: Mapping[str, Decimal],
    symptoms: Iterable[str],
    note: str,
    result: str,
) -> None:
    """What the kind of task asks for is there, and is known."""
    if mode not in MODES:
        raise Refused(_("请选择方式。"), field="mode")
    known = catalogue.reasons.of("symptom")
    if any(code not in known for code in symptoms):
        raise Refused(_("没有这一预警症状代码。"), field="symptoms")
    if task.kind == Kind.FIND:
        catalogue.reasons.check("find", result, note, field="result")
        return
    if result:
        raise Refused(_("只有寻访任务登记寻访结果。"), field="result")
    missing = [code for code in (task.item.codes if task.item else []) if code not in values]
    if missing:
        told = {code: _("请填写%(field)s。") % {"field": _label(code)} for code in missing}
        raise Refused(next(iter(told.values())), fields=told)
    if task.kind == Kind.HOME_VISIT and not note.strip():
        raise Refused(_("请填写访视记录。"), field="note")
    if mode == "phone" and task.kind == Kind.WOUND_CARE:
        raise Refused(_("伤口与管路护理须当面完成。"), field="mode")


def _label(code: str) -> str:
    item = measured.find(code)
    return item.label if item else code


def _into_the_record(
    task: CareTask, by: Actor, mode: str, values: Mapping[str, Decimal]
) -> Encounter:
    """A visit of the day at the house that did it, with what was measured and written."""
    assert task.done_at is not None
    visit = _visit_of_the_day(task, by, mode) or record.start_encounter(
        Encounter(
            person_id=task.person_id,
            organisation_id=by.org_id,
            kind=MODES[mode],
            started_at=task.done_at,
            complaint=_("照护计划：%(task)s") % {"task": task.title},
            history=task.note,
            domain=task.plan.domain,
        ),
        by=by,
    )
    signs = {
        vital.VITAL_BY_LOINC[code].field: value
        for code, value in values.items()
        if code in vital.VITAL_BY_LOINC
    }
    results = {code: value for code, value in values.items() if code not in vital.VITAL_BY_LOINC}
    try:
        if signs:
            record.measure(visit, by=by, measured_at=task.done_at, values=signs)
    except Refused as refusal:
        told = {
            vital.VITAL_BY_FIELD[name].loinc if name in vital.VITAL_BY_FIELD else name: sentence
            for name, sentence in refusal.fields.items()
        }
        raise vital.ImpossibleValue(str(refusal), fields=told) from None
    if results:
        record.report(
            visit.person, by=by, measured_at=task.done_at, results=results, encounter=visit
        )
    if visit.ended_at is None:
        record.end_encounter(visit, by=by, ended_at=task.done_at)
    return visit


def _visit_of_the_day(task: CareTask, by: Actor, mode: str) -> Encounter | None:
    """Several tasks at one door are one visit."""
    assert task.done_at is not None
    done = CareTask.objects.filter(
        plan_id=task.plan_id,
        done_at=task.done_at,
        encounter__organisation_id=by.org_id,
        encounter__kind=MODES[mode],
        encounter__voided_at=None,
    ).exclude(pk=task.pk)
    earlier = done.select_related("encounter__person", "encounter__organisation").first()
    return earlier.encounter if earlier else None


def _raise_flag(task: CareTask, by: Actor) -> None:
    now = clock.now()
    CarePlan.objects.filter(pk=task.plan_id).update(flagged_at=now, updated_at=now)
    task.plan.flagged_at = now
    for house in task.plan.parties:
        steps.tell(
            task.plan,
            house,
            permissions.READ,
            gettext_noop("患者 %(patient)s 出现回送预警，请及时处理"),
        )
    publish(
        events.RedFlagRaised(
            plan_id=task.plan_id,
            person_id=task.person_id,
            at=task.done_at or now,
            task_id=task.pk,
            organisation_id=by.org_id,
            found_by=by.name,
            findings=task.flags,
        )
    )


def _announce(task: CareTask) -> None:
    publish(
        events.CareTaskDone(
            plan_id=task.plan_id,
            person_id=task.person_id,
            at=task.done_at or clock.now(),
            task_id=task.pk,
            organisation_id=task.organisation_id,
            kind=task.kind,
            follow_up=task.follow_up,
            done_by=task.done_by,
            note=task.note,
        )
    )
