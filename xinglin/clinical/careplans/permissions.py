from collections.abc import Collection
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from xinglin.clinical.careplans.models import CarePlan, CareTask, Progress, State
from xinglin.kernel.access import Actor, Permission
from xinglin.kernel.trail import Ground


def writing(actor: Actor, plan: CarePlan) -> bool:
    """The house that sends the patient down."""
    return actor.at(plan.author_org_id) and plan.county_id == actor.county_id


def receiving(actor: Actor, plan: CarePlan) -> bool:
    """The house that carries the plan out."""
    return actor.at(plan.organisation_id) and plan.county_id == actor.county_id


def both(actor: Actor, plan: CarePlan) -> bool:
    return writing(actor, plan) or receiving(actor, plan)


def taking_part(actor: Actor, plan: CarePlan) -> bool:
    return actor.reaches(None, plan.county_id) or bool(actor.scope & plan.parties)


def doing(actor: Actor, task: CareTask) -> bool:
    """The house whose turn a task is; the house that carries the plan may do it for the clinic."""
    houses: set[UUID | None] = {task.organisation_id, task.plan.organisation_id}
    return actor.org_id in houses and task.county_id == actor.county_id


# On which ground a plan is read.
TAKING_PART = Ground("careplan", _("参与照护计划的机构"))
CARING = Ground("careplan-care", _("管理或续诊"))

READ = Permission("careplans.read", _("查阅照护计划"), taking_part)
WRITE = Permission("careplans.write", _("书写照护计划"), writing)
ANSWER = Permission("careplans.answer", _("答复照护计划"), receiving)
SETTLE = Permission("careplans.settle", _("商定有异议的项目"), writing)
REVISE = Permission("careplans.revise", _("修订照护计划"), both)
EVALUATE = Permission("careplans.evaluate", _("评估照护计划"), receiving)
END = Permission("careplans.end", _("终止照护计划"), both)
DO = Permission("careplans.do", _("登记照护任务"), doing)
SKIP = Permission("careplans.skip", _("登记任务未做"), doing)
FOLLOW: Permission[CarePlan] = Permission(
    "careplans.follow", _("随转诊单变化"), lambda actor, plan: False
)
CLOCK: Permission[CareTask] = Permission(
    "careplans.clock", _("到期处理"), lambda actor, task: False
)

# In which states an act makes sense at all; the doors offer an act only there.
STATES: dict[str, Collection[State]] = {
    ANSWER.code: (State.PROPOSED, State.OFFERED),
    SETTLE.code: (State.OBJECTED,),
    REVISE.code: (State.ACCEPTED, State.ACTIVE, State.EVALUATING),
    EVALUATE.code: (State.ACTIVE, State.EVALUATING),
    END.code: (State.OFFERED, State.OBJECTED, State.ACCEPTED, State.ACTIVE, State.EVALUATING),
}
ACTS: tuple[Permission[CarePlan], ...] = (ANSWER, SETTLE, EVALUATE, REVISE, END)


def ground(actor: Actor, plan: CarePlan) -> Ground:
    """Why the post reads a plan: its house takes part, or it manages or goes on treating."""
    return TAKING_PART if actor.scope & plan.parties else CARING


def open_to(actor: Actor, plan: CarePlan) -> list[str]:
    """The acts that this post may do to the plan as it stands, in the order of the work."""
    return [
        permission.code.removeprefix("careplans.")
        for permission in ACTS
        if plan.state in STATES[permission.code] and permission.allows(actor, plan)
    ]


def may_do(actor: Actor, task: CareTask) -> bool:
    """Whether this post may note what was found at a task as it stands."""
    return task.state in (Progress.PLANNED, Progress.DUE) and DO.allows(actor, task)
