"""A care plan, its items and its tasks: what they say, where they may go, how they are read.

Nouns follow FHIR R4 (CarePlan and its activities). A plan is written with a down-referral by
the house that sends, carried out by the house that takes the patient and by the clinic that
keeps the person's health record. What was revised stays: an item says from which version of
the plan to which it stood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from xinglin.clinical.careplans import catalogue
from xinglin.clinical.careplans.rules import ALWAYS, DATES, EVERY, ONCE, WEEKLY, Schedule
from xinglin.clinical.privacy.models import broken, held_domains, open_people
from xinglin.clinical.record import catalogue as measured
from xinglin.clinical.record.models import Encounter
from xinglin.kernel.access import Actor, Reach
from xinglin.kernel.records import Record, Workflow
from xinglin.registry.organisations.models import Organisation, tree
from xinglin.registry.people.models import Person

if TYPE_CHECKING:
    from typing import Self


class State(models.TextChoices):
    PROPOSED = "proposed", pgettext_lazy("care plan", "随转诊单待接收")
    OFFERED = "offered", pgettext_lazy("care plan", "待答复")
    OBJECTED = "objected", pgettext_lazy("care plan", "待商定")
    ACCEPTED = "accepted", pgettext_lazy("care plan", "已接收，待到诊")
    ACTIVE = "active", pgettext_lazy("care plan", "执行中")
    EVALUATING = "evaluating", pgettext_lazy("care plan", "待评估")
    COMPLETED = "completed", pgettext_lazy("care plan", "已完成")
    ENDED = "ended", pgettext_lazy("care plan", "已终止")


# Somebody owes the plan itself a step. Before, the letter with which it goes has an owner; while
# it is carried out, its tasks have.
OWED = (State.OFFERED, State.OBJECTED, State.EVALUATING)
STANDING = (
    State.PROPOSED,
    State.OFFERED,
    State.OBJECTED,
    State.ACCEPTED,
    State.ACTIVE,
    State.EVALUATING,
)


class Kind(models.TextChoices):
    EXERCISE = "exercise", _("锻炼")
    MEDICATION = "medication", _("用药")
    MEASUREMENT = "measurement", _("测量检验")
    HOME_VISIT = "home-visit", pgettext_lazy("care plan", "访视")
    WOUND_CARE = "wound-care", _("伤口与管路护理")
    EDUCATION = "education", _("健康教育")
    RED_FLAG = "red-flag", _("回送预警")
    # No item of a plan: the task of looking for somebody who has not come.
    FIND = "find", _("寻访患者")


class Timing(models.TextChoices):
    ONCE = ONCE, pgettext_lazy("care plan", "一次")
    EVERY = EVERY, _("每隔几天")
    WEEKLY = WEEKLY, _("每周几")
    DATES = DATES, _("指定日期")
    ALWAYS = ALWAYS, _("持续")


class Performer(models.TextChoices):
    DOCTOR = "doctor", _("接收机构医生")
    NURSE = "nurse", _("接收机构护士")
    VILLAGE = "village", _("村医")
    RESIDENT = "resident", _("患者或家属")


class Standing(models.TextChoices):
    """What the receiving house says of an item."""

    PROPOSED = "proposed", pgettext_lazy("item", "待答复")
    ACCEPTED = "accepted", pgettext_lazy("item", "已接收")
    OBJECTED = "objected", pgettext_lazy("item", "有异议")
    DROPPED = "dropped", pgettext_lazy("item", "已取消")


class Progress(models.TextChoices):
    PLANNED = "planned", pgettext_lazy("task", "未到日期")
    DUE = "due", pgettext_lazy("task", "待完成")
    DONE = "done", pgettext_lazy("task", "已完成")
    SKIPPED = "skipped", pgettext_lazy("task", "未做")
    MISSED = "missed", pgettext_lazy("task", "逾期未做")
    DROPPED = "dropped", pgettext_lazy("task", "已取消")


WAITING = (Progress.PLANNED, Progress.DUE)


class CarePlanQuerySet(models.QuerySet["CarePlan"]):
    def visible_to(self, actor: Actor) -> Self:
        """The houses that take part, and who treats the person; a sensitive one behind its door."""
        if actor.reach is Reach.NOTHING or not actor.may("careplans.read"):
            return self.none()
        here = self.filter(county_id=actor.county_id)
        if actor.reach is Reach.COUNTY:
            return here
        mine = actor.within("author_org", "organisation", "follow_up_org")
        plain = Q(domain__in=["", *held_domains(actor)])
        plain |= Q(person__in=broken(actor).values("person_id"))
        return here.filter(mine | (Q(person__in=open_people(actor)) & plain))

    def standing(self) -> Self:
        return self.filter(state__in=STANDING)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-id")

    def for_pages(self) -> Self:
        """With everything a page names, in one query."""
        return self.select_related("person", "author_org", "organisation", "follow_up_org", "owner")


class CarePlan(Workflow):
    """What one person who goes back down needs, until it is evaluated or ended."""

    MOVES = {
        State.PROPOSED: {State.OFFERED, State.OBJECTED, State.ACCEPTED, State.ENDED},
        State.OFFERED: {State.OBJECTED, State.ACCEPTED, State.PROPOSED, State.ENDED},
        State.OBJECTED: {State.OFFERED, State.ACCEPTED, State.PROPOSED, State.ENDED},
        State.ACCEPTED: {State.ACTIVE, State.OBJECTED, State.PROPOSED, State.ENDED},
        State.ACTIVE: {State.EVALUATING, State.COMPLETED, State.ENDED},
        State.EVALUATING: {State.ACTIVE, State.COMPLETED, State.ENDED},
    }
    inbox_kind = "careplans"

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.PROPOSED)
    owner = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", null=True, editable=False
    )
    person = models.ForeignKey(
        Person, models.PROTECT, related_name="care_plans", verbose_name=_("患者")
    )
    author_org = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("制定机构")
    )
    author = models.CharField(_("制定人"), max_length=50, blank=True)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("执行机构")
    )
    follow_up_org = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("随访机构"),
    )
    template = models.CharField(_("模板"), max_length=30, blank=True)
    diagnosis_code = models.CharField(_("诊断编码（ICD-10）"), max_length=11, blank=True)
    diagnosis_name = models.CharField(_("诊断"), max_length=100, blank=True)
    domain = models.CharField(max_length=20, blank=True, editable=False)
    goal = models.CharField(_("目标"), max_length=200, blank=True)
    # [{code, met, exception, text}], in the order in which they were asked.
    criteria = models.JSONField(_("下转标准"), default=list, blank=True)
    version = models.PositiveSmallIntegerField(_("版本"), default=1, editable=False)

    answered_at = models.DateTimeField(_("答复时间"), null=True, blank=True, editable=False)
    answered_by = models.CharField(_("答复人"), max_length=50, blank=True, editable=False)
    # When the house promised to take the patient, and when the patient was there.
    promised_at = models.DateTimeField(_("接收时间"), null=True, blank=True, editable=False)
    arrived_at = models.DateTimeField(_("到诊时间"), null=True, blank=True, editable=False)
    started_at = models.DateTimeField(_("开始执行"), null=True, blank=True, editable=False)
    flagged_at = models.DateTimeField(_("最近预警"), null=True, blank=True, editable=False)
    end_code = models.CharField(_("结果或终止原因"), max_length=30, blank=True)
    end_text = models.CharField(_("说明"), max_length=500, blank=True)
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True, editable=False)

    objects: ClassVar[CarePlanQuerySet] = CarePlanQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("照护计划")
        constraints = [
            *Workflow.promises(Q(state__in=[str(s) for s in OWED]), "careplan"),
            models.CheckConstraint(
                condition=~Q(state__in=["completed", "ended"])
                | (~Q(end_code="") & Q(ended_at__isnull=False)),
                name="careplan_end_has_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["active", "evaluating", "completed"])
                | Q(started_at__isnull=False),
                name="careplan_runs_from_a_start",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "-created_at"], name="careplan_house"),
            models.Index(fields=["author_org", "-created_at"], name="careplan_author"),
            models.Index(fields=["follow_up_org", "-created_at"], name="careplan_clinic"),
            models.Index(fields=["county", "-created_at"], name="careplan_county"),
            models.Index(fields=["person", "-created_at"], name="careplan_person"),
            models.Index(fields=["state", "promised_at"], name="careplan_clock"),
        ]

    def __str__(self) -> str:
        return str(_("%(person)s的照护计划")) % {"person": self.person.name}

    def get_absolute_url(self) -> str:
        return reverse("careplans:detail", args=[self.pk])

    @property
    def parties(self) -> set[UUID]:
        """Every house that takes part."""
        houses = {self.author_org_id, self.organisation_id}
        return houses | ({self.follow_up_org_id} if self.follow_up_org_id else set())

    @property
    def clinic_id(self) -> UUID:
        """The clinic that goes to the patient's home: who follows up, else who takes over."""
        return self.follow_up_org_id or self.organisation_id

    @property
    def template_label(self) -> str:
        found = catalogue.templates().get(self.template)
        return found.label if found else ""

    @property
    def end_label(self) -> str:
        """What came of it, in words."""
        if not self.end_code:
            return ""
        question = "outcome" if self.state == State.COMPLETED else "end"
        words = (catalogue.reasons.label(question, self.end_code), self.end_text)
        return "：".join(filter(None, words))

    def of_now(self) -> models.QuerySet[PlanItem]:
        """The items of the version that stands."""
        return self.items.filter(until_version=None).order_by("place", "id")

    def inbox_facts(self) -> dict[str, Any]:
        return {
            "title": f"{self.person.name} · {self.diagnosis_name or '—'}"[:200],
            "detail": f"{tree.name(self.author_org_id)} → {tree.name(self.organisation_id)}",
            "urgency": "routine",
            "county_id": self.county_id,
        }


class PlanItem(Record):
    """One thing that a plan asks for: what, how, how often, until when, by whom."""

    plan = models.ForeignKey(CarePlan, models.PROTECT, related_name="items", editable=False)
    place = models.PositiveSmallIntegerField(default=0, editable=False)
    since_version = models.PositiveSmallIntegerField(default=1, editable=False)
    until_version = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    standing = models.CharField(
        _("答复"), max_length=10, choices=Standing, default=Standing.PROPOSED, editable=False
    )
    kind = models.CharField(_("类别"), max_length=12, choices=Kind)
    title = models.CharField(_("项目"), max_length=100)
    instruction = models.CharField(_("要求"), max_length=300, blank=True)
    dose = models.CharField(_("每次剂量"), max_length=50, blank=True)
    frequency = models.CharField(_("频次"), max_length=50, blank=True)
    # LOINC codes of what is measured.
    codes = models.JSONField(_("测量项目"), default=list, blank=True)
    limits = models.JSONField(_("回送界限"), default=list, blank=True)
    symptoms = models.JSONField(_("回送症状"), default=list, blank=True)
    performer = models.CharField(
        _("执行人"), max_length=10, choices=Performer, default=Performer.VILLAGE
    )
    timing = models.CharField(_("时间"), max_length=8, choices=Timing, default=Timing.ONCE)
    starts_on = models.DateField(_("开始日期"))
    ends_on = models.DateField(_("结束日期"), null=True, blank=True)
    every_days = models.PositiveSmallIntegerField(_("间隔天数"), default=0)
    weekdays = models.JSONField(_("星期"), default=list, blank=True)
    dates = models.JSONField(_("日期"), default=list, blank=True)
    window_days = models.PositiveSmallIntegerField(_("可顺延天数"), default=0)
    # The visit that a down-referral owes within two weeks.
    follow_up = models.BooleanField(_("两周内随访"), default=False)

    objection_code = models.CharField(_("异议原因"), max_length=30, blank=True)
    objection = models.CharField(_("建议"), max_length=500, blank=True)
    # What the receiving house can do instead: values of the fields above.
    counter = models.JSONField(_("替代方案"), default=dict, blank=True)

    class Meta:
        verbose_name = _("计划项目")
        constraints = [
            models.CheckConstraint(
                condition=~Q(standing="objected") | ~Q(objection_code=""),
                name="planitem_objection_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="planitem_ends_after_it_starts",
            ),
        ]
        indexes = [models.Index(fields=["plan", "place"], name="planitem_of_plan")]

    def __str__(self) -> str:
        return self.title

    def trail_person_id(self) -> UUID | None:
        return self.plan.person_id

    def trail_county_id(self) -> UUID | None:
        return self.plan.county_id

    @property
    def schedule(self) -> Schedule:
        days = [parse_date(str(day)) for day in self.dates]
        return Schedule(
            timing=self.timing,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            every_days=self.every_days,
            weekdays=tuple(self.weekdays),
            dates=tuple(day for day in days if day is not None),
            window_days=self.window_days,
        )

    @property
    def has_tasks(self) -> bool:
        """Whether somebody of a house owes it on certain days."""
        return self.performer != Performer.RESIDENT and self.timing != Timing.ALWAYS

    @property
    def measures(self) -> str:
        """What is measured, in words."""
        found = (measured.find(code) for code in self.codes)
        return "、".join(item.label for item in found if item is not None)

    @property
    def objection_label(self) -> str:
        if not self.objection_code:
            return ""
        words = (catalogue.reasons.label("objection", self.objection_code), self.objection)
        return "：".join(filter(None, words))


class CareTaskQuerySet(models.QuerySet["CareTask"]):
    def visible_to(self, actor: Actor) -> Self:
        """With the plan they belong to."""
        return self.filter(plan__in=CarePlan.objects.visible_to(actor))

    def waiting(self) -> Self:
        return self.filter(state__in=WAITING)

    def of_house(self, actor: Actor) -> Self:
        """What the post's own house is to do."""
        return self.filter(organisation_id=actor.org_id)


class CareTask(Workflow):
    """One day's duty of a house: to be done from `due_on` to `until`, both included."""

    MOVES = {
        Progress.PLANNED: {Progress.DUE, Progress.DONE, Progress.SKIPPED, Progress.DROPPED},
        Progress.DUE: {Progress.DONE, Progress.SKIPPED, Progress.MISSED, Progress.DROPPED},
    }
    inbox_kind = "careplans.task"

    plan = models.ForeignKey(CarePlan, models.PROTECT, related_name="tasks", editable=False)
    item = models.ForeignKey(
        PlanItem, models.PROTECT, related_name="tasks", null=True, blank=True, editable=False
    )
    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    person = models.ForeignKey(
        Person, models.PROTECT, related_name="care_tasks", verbose_name=_("患者")
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("执行机构")
    )
    state = models.CharField(
        _("状态"), max_length=8, choices=Progress, default=Progress.PLANNED, editable=False
    )
    owner = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", null=True, editable=False
    )
    kind = models.CharField(_("类别"), max_length=12, choices=Kind)
    title = models.CharField(_("任务"), max_length=100)
    performer = models.CharField(_("执行人"), max_length=10, choices=Performer)
    follow_up = models.BooleanField(_("两周内随访"), default=False)
    due_on = models.DateField(_("应做日期"))
    until = models.DateField(_("最迟日期"))

    done_at = models.DateTimeField(_("完成时间"), null=True, blank=True)
    done_by = models.CharField(_("完成人"), max_length=50, blank=True)
    note = models.TextField(_("记录"), max_length=1000, blank=True)
    symptoms = models.JSONField(_("预警症状"), default=list, blank=True)
    # The sentences of the red flags that what was found has raised.
    flags = models.JSONField(_("预警"), default=list, blank=True, editable=False)
    reason = models.CharField(_("原因或结果"), max_length=30, blank=True)
    encounter = models.ForeignKey(
        Encounter,
        models.PROTECT,
        related_name="care_tasks",
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("就诊"),
    )

    objects: ClassVar[CareTaskQuerySet] = CareTaskQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("照护任务")
        constraints = [
            *Workflow.promises(Q(state="due"), "caretask"),
            models.UniqueConstraint(
                fields=["item", "due_on"],
                condition=~Q(state="dropped") & Q(item__isnull=False),
                name="caretask_once_a_day",
            ),
            models.CheckConstraint(
                condition=Q(until__gte=F("due_on")), name="caretask_window_runs_on"
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | (Q(done_at__isnull=False) & ~Q(done_by="")),
                name="caretask_done_says_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=~Q(state="skipped") | ~Q(reason=""),
                name="caretask_skipped_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["plan", "due_on"], name="caretask_of_plan"),
            models.Index(
                fields=["organisation", "due_on"],
                name="caretask_waiting",
                condition=Q(state__in=["planned", "due"]),
            ),
            models.Index(
                fields=["state", "due_on"],
                name="caretask_clock",
                condition=Q(state__in=["planned", "due"]),
            ),
            models.Index(fields=["person", "due_on"], name="caretask_person"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("careplans:task", args=[self.pk])

    @property
    def reason_label(self) -> str:
        """Why it was not done, or what came of looking for the patient."""
        question = "skip" if self.state == Progress.SKIPPED else "find"
        return catalogue.reasons.label(question, self.reason) if self.reason else ""

    def inbox_facts(self) -> dict[str, Any]:
        return {
            "title": f"{self.person.name} · {self.title}"[:200],
            "detail": f"{tree.name(self.organisation_id)} · {self.get_performer_display()}",
            "urgency": "urgent" if self.kind == Kind.FIND else "routine",
            "county_id": self.county_id,
        }


class Revision(Record):
    """That a plan was changed: which version it became, why, and by whom."""

    plan = models.ForeignKey(CarePlan, models.PROTECT, related_name="revisions", editable=False)
    version = models.PositiveSmallIntegerField(_("版本"))
    reason_code = models.CharField(_("修订原因"), max_length=30)
    text = models.CharField(_("说明"), max_length=500, blank=True)
    by_name = models.CharField(_("修订人"), max_length=50)
    at = models.DateTimeField(_("修订时间"))

    class Meta:
        verbose_name = _("计划修订")
        constraints = [
            models.UniqueConstraint(fields=["plan", "version"], name="revision_once_a_version")
        ]

    def __str__(self) -> str:
        return f"v{self.version}"

    @property
    def reason_label(self) -> str:
        words = (catalogue.reasons.label("revision", self.reason_code), self.text)
        return "：".join(filter(None, words))
