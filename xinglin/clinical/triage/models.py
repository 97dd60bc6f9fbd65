"""What triage advised and what was decided; who waits at the desk, and until when."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.privacy import models as privacy
from xinglin.clinical.record.models import Encounter
from xinglin.clinical.triage import catalogue
from xinglin.kernel.access import Actor, Reach
from xinglin.kernel.records import Record, Workflow
from xinglin.registry.organisations.catalogue import ability_label
from xinglin.registry.organisations.models import Level, Organisation
from xinglin.registry.people.models import Person

if TYPE_CHECKING:
    from typing import Self


class Outcome(models.TextChoices):
    EMERGENCY = "emergency", _("走急诊绿色通道")
    REFER = "refer", pgettext_lazy("advice", "上转")
    MEASURE = "measure", _("先测量再判断")
    TREAT = "treat", _("在本机构诊治")
    DOWN = "down", _("可考虑下转")


class Decision(models.TextChoices):
    FOLLOWED = "followed", _("采纳")
    OVERRULED = "overruled", _("另有决定")
    UNANSWERED = "unanswered", _("未回应")


class AssessmentQuerySet(models.QuerySet["Assessment"]):
    def visible_to(self, actor: Actor) -> Self:
        """As the visit that it belongs to: those who wrote it and those who treat the person."""
        if not actor.may("triage.read"):
            return self.none()
        return self.filter(privacy.seen(actor, "encounter"))

    def countable_by(self, actor: Actor) -> Self:
        """What a post may count, without names: the county for offices, else its own houses'."""
        if not actor.may("triage.statistics"):
            return self.none()
        if actor.reach is Reach.COUNTY:
            return self.filter(county_id=actor.county_id)
        return self.filter(actor.within("organisation"), county_id=actor.county_id)

    def current(self) -> Self:
        """The last decision of each visit."""
        return self.filter(current=True)

    def newest_first(self) -> Self:
        return self.order_by("-decided_at", "-id")


class Assessment(Record):
    """The advice for one visit as it stood, and what the doctor decided.

    `grounds` keeps every reason as it was shown; `edition` and `digest` say by which rules and on
    what inputs, so that the same question can be asked again.
    """

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    person = models.ForeignKey(
        Person, models.PROTECT, related_name="assessments", verbose_name=_("居民")
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("机构")
    )
    encounter = models.ForeignKey(
        Encounter, models.PROTECT, related_name="assessments", verbose_name=_("就诊")
    )
    # The sensitive domain of the visit, as of every fact.
    domain = models.CharField(max_length=20, blank=True, editable=False)
    outcome = models.CharField(_("建议"), max_length=10, choices=Outcome)
    level = models.CharField(_("去向层级"), max_length=12, choices=Level, blank=True)
    department = models.CharField(_("去向科室"), max_length=30, blank=True)
    needs = models.JSONField(_("所需技术"), default=list, blank=True)
    channel = models.CharField(_("绿色通道"), max_length=20, blank=True)
    urgency = models.CharField(_("紧急程度"), max_length=10, default="routine")
    grounds = models.JSONField(_("理由"), default=list, blank=True)
    ask = models.JSONField(_("还需测量"), default=list, blank=True)
    doubts = models.JSONField(_("待核对"), default=list, blank=True)
    edition = models.CharField(_("规则版本"), max_length=60)
    digest = models.CharField(_("输入摘要"), max_length=64)
    decision = models.CharField(_("决定"), max_length=10, choices=Decision)
    chosen = models.CharField(_("实际处理"), max_length=10, choices=Outcome, blank=True)
    reason_code = models.CharField(_("原因"), max_length=30, blank=True)
    note = models.CharField(_("说明"), max_length=200, blank=True)
    doctor = models.CharField(_("医生"), max_length=50)
    practitioner_id = models.UUIDField(null=True, editable=False)
    decided_at = models.DateTimeField(_("决定时间"))
    current = models.BooleanField(default=True, editable=False)

    objects: ClassVar[AssessmentQuerySet] = AssessmentQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("分诊建议")
        constraints = [
            models.UniqueConstraint(
                fields=["encounter"], condition=Q(current=True), name="assessment_current_once"
            ),
            models.CheckConstraint(
                condition=~Q(decision=Decision.OVERRULED) | ~Q(reason_code=""),
                name="assessment_overruled_with_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["county", "-decided_at"], name="assessment_county"),
            models.Index(fields=["organisation", "-decided_at"], name="assessment_house"),
        ]

    def __str__(self) -> str:
        return str(self.get_outcome_display())

    def get_absolute_url(self) -> str:
        return reverse("triage:assessment", args=[self.pk])

    @property
    def department_label(self) -> str:
        return ability_label(self.department)

    @property
    def channel_label(self) -> str:
        found = catalogue.channels().get(self.channel)
        return found.label if found else self.channel

    @property
    def reason_label(self) -> str:
        found = catalogue.reasons().get(self.reason_code)
        return found.label if found else self.reason_code

    @property
    def sentences(self) -> list[dict[str, Any]]:
        """The reasons in the reader's language."""
        name = "en" if (get_language() or "").startswith("en") else "zh"
        return [{**ground, "text": ground[name]} for ground in self.grounds]


class Ground(Record):
    """One rule that spoke in an assessment, so that agreement can be counted by rule."""

    assessment = models.ForeignKey(Assessment, models.CASCADE, related_name="rows")
    code = models.CharField(_("规则"), max_length=40)
    answer = models.CharField(_("建议"), max_length=10, choices=Outcome)

    class Meta:
        verbose_name = _("分诊理由")
        constraints = [
            models.UniqueConstraint(fields=["assessment", "code"], name="ground_once"),
        ]
        indexes = [models.Index(fields=["code"], name="ground_code")]

    def __str__(self) -> str:
        return self.code


class State(models.TextChoices):
    WAITING = "waiting", _("候诊")
    SEEN = "seen", _("已接诊")
    LEFT = "left", _("已离开")


class DeskTriageQuerySet(models.QuerySet["DeskTriage"]):
    def visible_to(self, actor: Actor) -> Self:
        """The desk of one's own house."""
        if not actor.may("triage.read") or actor.reach is Reach.NOTHING:
            return self.none()
        return self.filter(organisation_id=actor.org_id, county_id=actor.county_id)

    def waiting(self) -> Self:
        """Those who wait, in the order in which they are to be seen."""
        return self.filter(state=State.WAITING).order_by("level", "arrived_at", "id")

    def today(self, day: date) -> dict[str, int]:
        """How many of a day were seen, how many of them within the goal, how many went away."""
        begin = timezone.make_aware(datetime.combine(day, time.min))
        rows: Any = self.filter(arrived_at__gte=begin, arrived_at__lt=begin + timedelta(days=1))
        found: dict[str, int] = rows.order_by().aggregate(
            seen=Count("pk", filter=Q(state=State.SEEN)),
            in_time=Count("pk", filter=Q(seen_at__lte=F("goal_at"))),
            left=Count("pk", filter=Q(state=State.LEFT)),
        )
        return found


class DeskTriage(Workflow):
    """Pre-examination triage (预检分诊): a patient at the desk, the level, and the time to wait."""

    MOVES = {State.WAITING: {State.SEEN, State.LEFT}}
    inbox_kind = "triage"

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("机构")
    )
    owner = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", null=True, editable=False
    )
    person = models.ForeignKey(
        Person,
        models.PROTECT,
        related_name="desk_triages",
        null=True,
        blank=True,
        verbose_name=_("居民"),
    )
    # Of somebody who cannot say who they are: what the desk calls them.
    called = models.CharField(_("称呼"), max_length=50, blank=True)
    complaint = models.CharField(_("主诉"), max_length=200, blank=True)
    numbers = models.JSONField(_("体征"), default=dict, blank=True)
    signs = models.JSONField(_("征象"), default=list, blank=True)
    level = models.CharField(_("分级"), max_length=1)
    because = models.JSONField(_("依据"), default=list, blank=True)
    edition = models.CharField(_("规则版本"), max_length=60)
    # A nurse may put a patient into a more urgent level than the rules do, never a lesser one.
    raised = models.BooleanField(_("人工提级"), default=False)
    arrived_at = models.DateTimeField(_("到达时间"))
    graded_by = models.CharField(_("分诊人"), max_length=50)
    goal_at = models.DateTimeField(_("候诊目标"), editable=False)
    seen_at = models.DateTimeField(_("接诊时间"), null=True, blank=True)
    seen_by = models.CharField(_("接诊医生"), max_length=50, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.WAITING)

    objects: ClassVar[DeskTriageQuerySet] = DeskTriageQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("预检分诊")
        constraints = [
            *Workflow.promises(Q(state=State.WAITING), "desktriage"),
            models.CheckConstraint(
                condition=Q(person__isnull=False) | ~Q(called=""), name="desktriage_of_somebody"
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "state", "level"], name="desktriage_desk"),
        ]

    def __str__(self) -> str:
        return str(_("预检分诊 %(name)s") % {"name": self.name})

    def get_absolute_url(self) -> str:
        return f"{reverse('triage:desk')}#desk-{self.pk}"

    @property
    def name(self) -> str:
        return self.person.name if self.person else self.called

    @property
    def rank(self) -> catalogue.DeskLevel:
        """The level as the catalogue describes it today."""
        return catalogue.desk().levels[self.level]

    def inbox_facts(self) -> dict[str, Any]:
        urgency = (
            "emergency" if self.level in "12" else "urgent" if self.level == "3" else "routine"
        )
        return {
            "title": self.name,
            "detail": f"{self.rank.zh} {self.complaint}"[:100],
            "urgency": urgency,
            "county_id": self.county_id,
        }

    def trail_person_id(self) -> UUID | None:
        return self.person_id
