"""The green case: what both houses know of one emergency, and the steps of its clock."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.emergency import catalogue
from xinglin.clinical.record.models import Document, Encounter, Observation
from xinglin.kernel.access import Actor, Reach
from xinglin.kernel.records import Record, Workflow
from xinglin.registry.organisations.models import Organisation, tree
from xinglin.registry.people.models import Person, Sex

if TYPE_CHECKING:
    from typing import Self


class State(models.TextChoices):
    OPEN = "open", _("已启动")
    ON_THE_WAY = "on-the-way", _("转运中")
    ARRIVED = "arrived", _("已到院")
    TREATED = "treated", _("已救治")
    HANDED_OVER = "handed-over", _("已交接")
    STOOD_DOWN = "stood-down", _("已解除")
    DIED = "died", _("死亡")


RUNNING = (State.OPEN, State.ON_THE_WAY, State.ARRIVED, State.TREATED)
BEFORE_ARRIVAL = (State.OPEN, State.ON_THE_WAY)
AT_THE_HOSPITAL = (State.ARRIVED, State.TREATED)


class GreenCaseQuerySet(models.QuerySet["GreenCase"]):
    def visible_to(self, actor: Actor) -> Self:
        """The two houses that run a case see it, and the offices of the county; nobody else."""
        if actor.reach is Reach.NOTHING or not actor.may("emergency.read"):
            return self.none()
        return self.filter(county_id=actor.county_id).filter(actor.within("from_org", "to_org"))

    def running(self) -> Self:
        return self.filter(owner__isnull=False)

    def newest_first(self) -> Self:
        return self.order_by("-opened_at", "-id")

    def for_counts(self) -> Self:
        """With the times of their steps, in one query more."""
        return self.prefetch_related(models.Prefetch("steps", standing_steps(), to_attr="standing"))

    def for_pages(self) -> Self:
        """With everything a page names, in few queries."""
        return self.select_related("person", "from_org", "to_org", "owner").for_counts()


class GreenCase(Workflow):
    """One emergency on its way through the green channel, from the alarm to the handover."""

    MOVES = {
        State.OPEN: {State.ON_THE_WAY, State.ARRIVED, State.STOOD_DOWN, State.DIED},
        State.ON_THE_WAY: {State.ARRIVED, State.STOOD_DOWN, State.DIED},
        State.ARRIVED: {State.TREATED, State.HANDED_OVER, State.STOOD_DOWN, State.DIED},
        State.TREATED: {State.HANDED_OVER, State.DIED},
    }
    TRAIL_HIDES = frozenset({"caller_phone"})
    inbox_kind = "emergency"

    # Filled by `for_pages`: the steps that were not struck out.
    standing: list[GreenStep]

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    number = models.CharField(_("编号"), max_length=20, unique=True, editable=False)
    kind = models.CharField(_("类型"), max_length=20)
    state = models.CharField(_("状态"), max_length=12, choices=State, default=State.OPEN)
    owner = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", null=True, editable=False
    )
    # Rises with every change, so that a page that lies open learns cheaply whether it is current.
    version = models.PositiveIntegerField(default=0, editable=False)

    # who
    person = models.ForeignKey(
        Person, models.PROTECT, related_name="green_cases", verbose_name=_("患者")
    )
    unknown = models.BooleanField(_("身份不明"), default=False)
    sex_seen = models.CharField(_("性别（目测）"), max_length=1, choices=Sex, blank=True)
    age_about = models.PositiveSmallIntegerField(
        _("年龄（估计）"), null=True, blank=True, validators=[MaxValueValidator(120)]
    )
    identified_at = models.DateTimeField(_("身份确认时间"), null=True, blank=True, editable=False)
    identified_by = models.CharField(max_length=50, blank=True, editable=False)

    # from where, to where
    from_org = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("首诊机构")
    )
    to_org = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("接收机构")
    )
    opened_at = models.DateTimeField(_("启动时间"), editable=False)
    opened_by = models.CharField(_("启动人"), max_length=50, blank=True, editable=False)
    # The account that opened it: whoever notes the arrival must be somebody else.
    opener = models.UUIDField(editable=False)
    asked_at = models.DateTimeField(editable=False)
    caller_phone = models.CharField(_("联系电话"), max_length=20, blank=True)
    scene = models.CharField(_("现场地点"), max_length=100, blank=True)
    complaint = models.CharField(_("病情"), max_length=200, blank=True)

    # the vehicle (WS 542—2017: CV09.03.004, CV09.03.005, CV08.50.304)
    vehicle = models.CharField(_("车辆"), max_length=20, blank=True)
    vehicle_kind = models.CharField(_("车辆类型"), max_length=2, blank=True)
    vehicle_status = models.CharField(_("车辆状态"), max_length=2, blank=True)
    dispatch = models.CharField(_("调度状态"), max_length=2, blank=True)
    expected_at = models.DateTimeField(_("预计到达"), null=True, blank=True)

    # what the receiving house answers
    confirmed_at = models.DateTimeField(_("确认接收时间"), null=True, blank=True, editable=False)
    confirmed_by = models.CharField(_("确认人"), max_length=50, blank=True, editable=False)
    prepared = models.JSONField(_("院前准备"), default=list, blank=True)
    prepared_note = models.CharField(_("准备说明"), max_length=200, blank=True)
    place = models.CharField(_("直达地点（抢救室、导管室、床号）"), max_length=100, blank=True)

    # how it went on
    course = models.CharField(_("转归"), max_length=2, blank=True)
    arrived_at = models.DateTimeField(_("到院时间"), null=True, blank=True, editable=False)
    encounter = models.ForeignKey(
        Encounter,
        models.PROTECT,
        related_name="green_cases",
        null=True,
        blank=True,
        editable=False,
    )
    end_code = models.CharField(_("解除原因"), max_length=30, blank=True)
    end_reason = models.CharField(_("说明"), max_length=200, blank=True)
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True, editable=False)

    observations = models.ManyToManyField(Observation, related_name="green_cases", blank=True)
    documents = models.ManyToManyField(Document, related_name="green_cases", blank=True)

    objects: ClassVar[GreenCaseQuerySet] = GreenCaseQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("绿色通道")
        constraints = [
            *Workflow.promises(Q(state__in=[str(s) for s in RUNNING]), "green_case"),
            models.CheckConstraint(
                condition=~Q(state="stood-down") | ~Q(end_code=""),
                name="green_case_stood_down_has_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["arrived", "treated", "handed-over"])
                | Q(arrived_at__isnull=False),
                name="green_case_arrival_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["county", "-opened_at", "-id"], name="green_case_county"),
            models.Index(fields=["from_org", "-opened_at"], name="green_case_sent"),
            models.Index(fields=["to_org", "-opened_at"], name="green_case_received"),
            models.Index(fields=["person", "-opened_at"], name="green_case_person"),
            models.Index(
                fields=["county", "owner"],
                name="green_case_running",
                condition=Q(owner__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(_("绿色通道 %(number)s")) % {"number": self.number}

    def get_absolute_url(self) -> str:
        return reverse("emergency:detail", args=[self.pk])

    @property
    def of_kind(self) -> catalogue.Kind:
        return catalogue.kind_of(self.kind)

    @property
    def from_name(self) -> str:
        return tree.name(self.from_org_id)

    @property
    def to_name(self) -> str:
        return tree.name(self.to_org_id)

    @property
    def is_running(self) -> bool:
        return self.owner_id is not None

    @property
    def parties(self) -> set[UUID]:
        return {self.from_org_id, self.to_org_id}

    @property
    def times(self) -> dict[str, datetime]:
        """When each step was, of those that stand."""
        if "standing" in self.__dict__:
            return {step.code: step.at for step in self.standing}
        rows = self.steps.filter(voided_at=None)
        return dict(rows.values_list("code", "at"))

    @property
    def patient(self) -> str:
        """Sex and age as far as anybody knows: the register's, else what was seen."""
        if not self.unknown:
            return f"{self.person.get_sex_display()} {self.person.age}".strip()
        sex = Sex(self.sex_seen).label if self.sex_seen else ""
        age = str(_("约 %(years)s 岁")) % {"years": self.age_about} if self.age_about else ""
        return f"{sex} {age}".strip()

    def inbox_facts(self) -> dict[str, Any]:
        return {
            "title": f"{self.of_kind.label} · {self.person.name}"[:200],
            "detail": f"{self.from_name} → {self.to_name}",
            "urgency": "emergency",
            "county_id": self.county_id,
        }


class GreenStep(Record):
    """One step of a case's clock: when it was, who stamped it. A wrong one is struck out."""

    case = models.ForeignKey(GreenCase, models.PROTECT, related_name="steps")
    code = models.CharField(_("节点"), max_length=20)
    at = models.DateTimeField(_("时间"))
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    author = models.CharField(_("登记人"), max_length=50, blank=True)
    replaces = models.OneToOneField(
        "self", models.PROTECT, related_name="replaced_by", null=True, blank=True
    )
    voided_at = models.DateTimeField(null=True, blank=True, editable=False)
    voided_by = models.CharField(max_length=50, blank=True, editable=False)
    void_code = models.CharField(_("更正原因"), max_length=30, blank=True)
    void_reason = models.CharField(_("更正说明"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("绿色通道节点")
        constraints = [
            models.UniqueConstraint(
                fields=["case", "code"], condition=Q(voided_at=None), name="green_step_once"
            ),
            models.CheckConstraint(
                condition=Q(voided_at=None) | ~Q(void_code=""), name="green_step_void_has_a_reason"
            ),
        ]
        indexes = [models.Index(fields=["case", "at"], name="green_step_case")]

    def __str__(self) -> str:
        return f"{self.code} {self.at:%H:%M}"

    def trail_person_id(self) -> UUID | None:
        return self.case.person_id

    def trail_county_id(self) -> UUID | None:
        return self.case.county_id


def standing_steps() -> models.QuerySet[GreenStep]:
    """The steps that were not struck out, in order; whose, the case that leads to them says."""
    return GreenStep.objects.filter(voided_at=None).order_by("at", "id")
