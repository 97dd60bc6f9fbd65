"""An order and its executions: what they say, where they may go, and how they are read.

Nouns follow FHIR R4 (MedicationRequest, ServiceRequest, MedicationAdministration) and the order
sheets of a Chinese ward: 长期医嘱单 and 临时医嘱单.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from xinglin.clinical.orders import catalogue
from xinglin.clinical.privacy.models import seen
from xinglin.clinical.record.models import Encounter, Medication
from xinglin.kernel.access import Actor, Reach
from xinglin.kernel.records import Record, Workflow
from xinglin.registry.organisations.models import Organisation, tree
from xinglin.registry.people.models import Person

if TYPE_CHECKING:
    from typing import Self


class Kind(models.TextChoices):
    DRUG = "drug", _("药品")
    NURSING = "nursing", _("护理")
    TREATMENT = "treatment", pgettext_lazy("order", "治疗")
    LABORATORY = "laboratory", _("检验")
    EXAMINATION = "examination", _("检查")
    PROCEDURE = "procedure", pgettext_lazy("order", "操作")


# Which part of the record an order tells of: what a resident allows or forbids.
PART_OF: dict[str, tuple[Kind, ...]] = {
    "medication": (Kind.DRUG,),
    "observation": (Kind.LABORATORY, Kind.EXAMINATION),
    "procedure": (Kind.NURSING, Kind.TREATMENT, Kind.PROCEDURE),
}


class Term(models.TextChoices):
    LONG = "long", _("长期医嘱")
    TEMPORARY = "temporary", _("临时医嘱")
    TAKE_HOME = "take-home", _("出院带药")


class State(models.TextChoices):
    DRAFT = "draft", pgettext_lazy("order", "未签署")
    REVIEW = "review", _("待审方")
    SENT_BACK = "sent-back", _("审方退回")
    TO_CHECK = "to-check", _("待核对")
    ACTIVE = "active", _("执行中")
    UNSIGNED = "unsigned", _("待补签")
    STOPPED = "stopped", _("已停，待核对")
    ENDED = "ended", pgettext_lazy("order", "已停止")
    COMPLETED = "completed", pgettext_lazy("order", "已执行")
    NOT_DONE = "not-done", _("未执行")
    CANCELLED = "cancelled", pgettext_lazy("order", "已取消")
    VOIDED = "voided", pgettext_lazy("order", "已作废")


OPEN = (
    State.DRAFT,
    State.REVIEW,
    State.SENT_BACK,
    State.TO_CHECK,
    State.ACTIVE,
    State.UNSIGNED,
    State.STOPPED,
)
# Written and signed, and nothing has been done to the patient yet.
BEFORE_ACTIVE = (State.DRAFT, State.REVIEW, State.SENT_BACK, State.TO_CHECK)


class SkinTest(models.TextChoices):
    NONE = "", _("不需要")
    REQUIRED = "required", _("须皮试")
    NEGATIVE = "negative", _("阴性")
    POSITIVE = "positive", _("阳性")
    EXEMPT = "exempt", _("续用免试")


class OrderQuerySet(models.QuerySet["Order"]):
    def visible_to(self, actor: Actor) -> Self:
        """Its house's own orders, those of people whose record is open, those it is to check.

        A draft is its house's own business until it is signed.
        """
        if actor.reach is Reach.NOTHING or not actor.may("orders.read"):
            return self.none()
        mine = Q(organisation_id=actor.org_id)
        # As of the part of the record that it is about; what was ordered in a visit of a
        # sensitive domain lies behind its door, too.
        for part, kinds in PART_OF.items():
            read = Q(kind__in=kinds) & seen(actor, part, domain="encounter__domain")
            mine |= read & ~Q(state=State.DRAFT)
        if actor.may("orders.review"):
            mine |= Q(checker_id=actor.org_id)
        return self.filter(mine, county_id=actor.county_id)

    def open(self) -> Self:
        return self.filter(owner__isnull=False)

    def on_sheet(self, encounter: Encounter) -> Self:
        """Every order of a stay, as the sheet has them: in the order in which they were begun."""
        return self.filter(encounter=encounter).order_by("start_at", "group", "place", "id")

    def standing(self) -> Self:
        """Orders that say what is given now or soon."""
        return self.filter(state__in=[State.REVIEW, State.TO_CHECK, State.ACTIVE, State.UNSIGNED])


class Order(Workflow):
    """One order of a doctor for one person in one visit, until it is done, stopped or struck out.

    `dose_value` is one dose, in the UCUM unit `dose_unit`; `frequency` and `route` are codes of
    the catalogue. Orders with the same `group` run in one drip. `planned_until` is the moment up
    to which the due times are laid out as executions.
    """

    MOVES = {
        State.DRAFT: {State.REVIEW, State.TO_CHECK, State.ACTIVE, State.CANCELLED},
        State.REVIEW: {State.SENT_BACK, State.TO_CHECK, State.ACTIVE, State.CANCELLED},
        State.SENT_BACK: {State.REVIEW, State.TO_CHECK, State.ACTIVE, State.CANCELLED},
        State.TO_CHECK: {State.ACTIVE, State.CANCELLED},
        State.ACTIVE: {
            State.COMPLETED,
            State.UNSIGNED,
            State.NOT_DONE,
            State.STOPPED,
            State.ENDED,
            State.CANCELLED,
            State.VOIDED,
        },
        State.UNSIGNED: {State.COMPLETED, State.ACTIVE, State.VOIDED},
        State.STOPPED: {State.ENDED, State.VOIDED},
        State.ENDED: {State.VOIDED},
        State.COMPLETED: {State.ACTIVE, State.VOIDED},
        State.NOT_DONE: {State.ACTIVE, State.VOIDED},
    }
    inbox_kind = "orders"

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="orders", verbose_name=_("机构")
    )
    person = models.ForeignKey(
        Person, models.PROTECT, related_name="orders", verbose_name=_("患者")
    )
    encounter = models.ForeignKey(
        Encounter, models.PROTECT, related_name="orders", verbose_name=_("就诊")
    )
    state = models.CharField(_("状态"), max_length=12, choices=State, default=State.DRAFT)
    owner = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", null=True, editable=False
    )

    # what is ordered
    kind = models.CharField(_("类别"), max_length=12, choices=Kind, default=Kind.DRUG)
    term = models.CharField(_("医嘱类型"), max_length=10, choices=Term, default=Term.LONG)
    code = models.CharField(_("项目代码"), max_length=40, blank=True)
    name = models.CharField(_("医嘱内容"), max_length=200)
    strength = models.CharField(_("规格"), max_length=60, blank=True)
    form = models.CharField(_("剂型"), max_length=30, blank=True)
    dose_value = models.DecimalField(
        _("每次剂量"), max_digits=12, decimal_places=4, null=True, blank=True
    )
    dose_unit = models.CharField(_("剂量单位"), max_length=20, blank=True)
    route = models.CharField(_("用法"), max_length=10, blank=True)
    frequency = models.CharField(_("频次"), max_length=10)
    start_at = models.DateTimeField(_("开始时间"))
    planned_end = models.DateTimeField(_("计划停止时间"), null=True, blank=True)
    days = models.PositiveSmallIntegerField(_("天数"), null=True, blank=True)
    quantity = models.DecimalField(_("总量"), max_digits=8, decimal_places=2, null=True, blank=True)
    quantity_unit = models.CharField(_("总量单位"), max_length=10, blank=True)
    instruction = models.CharField(_("嘱托"), max_length=200, blank=True)
    emergency = models.BooleanField(pgettext_lazy("order", "急"), default=False)
    group = models.UUIDField(_("成组"), null=True, blank=True, editable=False)
    place = models.PositiveSmallIntegerField(default=0, editable=False)
    high_alert = models.BooleanField(_("高警示药品"), default=False, editable=False)
    skin_test = models.CharField(
        _("皮试"), max_length=10, choices=SkinTest, default=SkinTest.NONE, blank=True
    )
    skin_tested_by = models.CharField(_("皮试执行人"), max_length=120, blank=True, editable=False)
    skin_tested_at = models.DateTimeField(null=True, blank=True, editable=False)

    # who ordered it
    verbal = models.BooleanField(_("口头医嘱"), default=False, editable=False)
    ordered_by = models.CharField(_("下达医生"), max_length=50, blank=True)
    written_by = models.CharField(_("录入人"), max_length=50, blank=True, editable=False)
    signed_by = models.CharField(_("签署医生"), max_length=50, blank=True, editable=False)
    signer = models.UUIDField(null=True, blank=True, editable=False)
    signed_at = models.DateTimeField(_("签署时间"), null=True, blank=True, editable=False)
    sign_due_at = models.DateTimeField(_("补签时限"), null=True, blank=True, editable=False)
    kept_at = models.DateTimeField(_("复核时间"), null=True, blank=True, editable=False)
    findings = models.JSONField(_("用药提示"), default=list, blank=True, editable=False)
    override = models.CharField(_("坚持用药理由"), max_length=200, blank=True)

    # who checked it: the pharmacist, then the nurse
    checker = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("审方机构"),
    )
    reviewed_by = models.CharField(_("审方人"), max_length=50, blank=True, editable=False)
    reviewed_at = models.DateTimeField(_("审方时间"), null=True, blank=True, editable=False)
    return_code = models.CharField(_("退回原因"), max_length=30, blank=True)
    return_text = models.CharField(_("退回说明"), max_length=200, blank=True)
    checked_by = models.CharField(_("核对护士"), max_length=50, blank=True, editable=False)
    checked_at = models.DateTimeField(_("核对时间"), null=True, blank=True, editable=False)

    # what came of it
    planned_until = models.DateTimeField(null=True, blank=True, editable=False)
    given = models.PositiveIntegerField(_("已执行次数"), default=0, editable=False)
    end_code = models.CharField(_("停止或取消原因"), max_length=30, blank=True)
    end_text = models.CharField(_("停止或取消说明"), max_length=200, blank=True)
    ended_at = models.DateTimeField(_("停止时间"), null=True, blank=True, editable=False)
    ended_by = models.CharField(_("停止人"), max_length=50, blank=True, editable=False)
    stop_checked_by = models.CharField(_("停嘱核对护士"), max_length=50, blank=True, editable=False)
    stop_checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    medication = models.ForeignKey(
        Medication,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("用药"),
    )

    objects: ClassVar[OrderQuerySet] = OrderQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("医嘱")
        constraints = [
            *Workflow.promises(Q(state__in=[str(s) for s in OPEN]), "orders"),
            models.CheckConstraint(
                condition=~Q(kind="drug") | Q(dose_value__gt=0), name="orders_drug_has_a_dose"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "cancelled"])
                | Q(signed_at__isnull=False)
                | Q(verbal=True),
                name="orders_nothing_runs_unsigned",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["stopped", "ended", "cancelled", "voided"])
                | (~Q(end_code="") & Q(ended_at__isnull=False)),
                name="orders_end_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["encounter", "start_at"], name="orders_sheet"),
            models.Index(fields=["organisation", "state"], name="orders_ward"),
            models.Index(fields=["person", "-start_at"], name="orders_person"),
            models.Index(
                fields=["state", "planned_until"],
                name="orders_plan",
                condition=Q(due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.name, self.dose)))

    def get_absolute_url(self) -> str:
        return reverse("orders:detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.owner_id is not None

    @property
    def dose(self) -> str:
        """One dose as people write it: 0.5 g; "" for what has none."""
        if self.dose_value is None:
            return ""
        return f"{plain(self.dose_value)} {said_unit(self.dose_unit)}".strip()

    @property
    def amount(self) -> str:
        """The whole quantity to take home: 2 盒; "" where none is given."""
        return f"{plain(self.quantity)} {self.quantity_unit}".strip() if self.quantity else ""

    @property
    def how_often(self) -> catalogue.Frequency:
        return catalogue.frequencies()[self.frequency]

    @property
    def frequency_label(self) -> str:
        found = catalogue.frequencies().get(self.frequency)
        return found.label if found else self.frequency

    @property
    def route_label(self) -> str:
        found = catalogue.routes().get(self.route)
        return found.label if found else self.route

    @property
    def term_label(self) -> str:
        """Take-home drugs of an outpatient are no discharge's."""
        outside = self.encounter.kind != Encounter.Kind.INPATIENT
        return (
            str(_("带药")) if self.term == Term.TAKE_HOME and outside else self.get_term_display()
        )

    @property
    def end_label(self) -> str:
        """Why it ended, in words."""
        if not self.end_code:
            return ""
        asked = {State.CANCELLED: "cancel", State.VOIDED: "void"}
        group = asked.get(State(self.state), "stop")
        words = (catalogue.reasons.label(group, self.end_code), self.end_text)
        return "：".join(filter(None, words))

    @property
    def return_label(self) -> str:
        if not self.return_code:
            return ""
        words = (catalogue.reasons.label("send-back", self.return_code), self.return_text)
        return "：".join(filter(None, words))

    @property
    def doctor(self) -> str:
        """Who answers for it: who signed, else who gave it by word of mouth or wrote it."""
        return self.signed_by or self.ordered_by or self.written_by

    def inbox_facts(self) -> dict[str, Any]:
        return {
            "title": f"{self.person.name} · {self}"[:200],
            "detail": f"{tree.name(self.organisation_id)} · {self.get_term_display()}",
            "urgency": "emergency" if self.emergency else "routine",
            "county_id": self.county_id,
        }


def plain(number: Any) -> str:
    """A number without trailing zeros."""
    return f"{number.normalize():f}"


# UCUM units as they are said on a ward.
SAID = {"[iU]": "IU", "ug": "μg", "{tbl}": _("片"), "{drp}": _("滴"), "mL": "mL"}
UNITS = ("mg", "g", "ug", "mL", "[iU]", "mmol", "{tbl}", "{drp}")


def said_unit(unit: str) -> str:
    return str(SAID.get(unit, unit))


class Done(models.TextChoices):
    DUE = "due", _("待执行")
    GIVEN = "given", pgettext_lazy("execution", "已执行")
    OMITTED = "omitted", pgettext_lazy("execution", "未执行")
    DROPPED = "dropped", _("随医嘱停止")


class ExecutionQuerySet(models.QuerySet["Execution"]):
    def visible_to(self, actor: Actor) -> Self:
        """With the order they belong to."""
        return self.filter(order__in=Order.objects.visible_to(actor))

    def waiting(self) -> Self:
        return self.filter(state=Done.DUE, voided_at=None)

    def before(self, moment: datetime) -> Self:
        return self.filter(due_at__lt=moment)


class Execution(Record):
    """One time at which an order is to be carried out, and what became of it.

    A wrong entry is struck out (`voided_at`) and the time is due again; the row stays.
    """

    order = models.ForeignKey(
        Order, models.PROTECT, related_name="executions", verbose_name=_("医嘱")
    )
    person = models.ForeignKey(
        Person, models.PROTECT, related_name="executions", verbose_name=_("患者")
    )
    due_at = models.DateTimeField(_("应执行时间"))
    state = models.CharField(_("状态"), max_length=8, choices=Done, default=Done.DUE)
    given_at = models.DateTimeField(_("执行时间"), null=True, blank=True)
    given_by = models.CharField(_("执行人"), max_length=50, blank=True)
    amount = models.DecimalField(
        _("实际剂量"), max_digits=12, decimal_places=4, null=True, blank=True
    )
    second = models.CharField(_("核对人"), max_length=50, blank=True)
    late = models.BooleanField(_("延迟"), default=False)
    reason = models.CharField(_("未执行原因"), max_length=30, blank=True)
    note = models.CharField(_("备注"), max_length=200, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True, editable=False)
    voided_by = models.CharField(max_length=50, blank=True, editable=False)
    void_reason = models.CharField(_("作废原因"), max_length=200, blank=True, editable=False)

    objects: ClassVar[ExecutionQuerySet] = ExecutionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("执行记录")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "due_at"],
                condition=Q(voided_at=None),
                name="execution_once_for_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="given") | (Q(given_at__isnull=False) & ~Q(given_by="")),
                name="execution_given_says_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=~Q(state="omitted") | ~Q(reason=""),
                name="execution_omitted_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["order", "due_at"], name="execution_of_order"),
            models.Index(
                fields=["due_at"],
                name="execution_waiting",
                condition=Q(state="due", voided_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} {self.due_at:%m-%d %H:%M}"

    def trail_county_id(self) -> Any:
        return self.order.county_id

    @property
    def reason_label(self) -> str:
        return catalogue.reasons.label("omit", self.reason)
