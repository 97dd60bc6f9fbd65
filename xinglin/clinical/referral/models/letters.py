"""The referral: its stages, what it carries, and how it is read.

Fields follow WS 445.16 (转诊(院)记录) and the two-part form 双向转诊单 (转出单 and 回转单)
of the national public-health specification; stages follow the regional platform draft part
15, widened so that somebody owns every state in which a patient could be forgotten.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import F, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.careplans.models import CarePlan
from xinglin.clinical.emergency.models import GreenCase
from xinglin.clinical.privacy.models import broken, held_domains, open_people
from xinglin.clinical.record.models import Document, Encounter
from xinglin.clinical.referral.models.stages import (
    FOLLOWED,
    LISTED,
    LISTED_OF_PERSON,
    OPEN,
    Direction,
    Kind,
    State,
    Urgency,
)
from xinglin.kernel.access import Actor, Reach
from xinglin.kernel.records import Workflow
from xinglin.registry.agreements.models import Agreement, book
from xinglin.registry.agreements.rules import Cover, Verdict
from xinglin.registry.organisations.models import Level, Organisation, tree
from xinglin.registry.people.models import Person


class ReferralQuerySet(models.QuerySet["Referral"]):
    def visible_to(self, actor: Actor, *, open_to_carers: bool = False) -> Self:
        """The houses that take part see a referral; nobody else does.

        `open_to_carers` adds open referrals of people whose record is open to the post: whoever
        is about to write another must be able to read the one that stands. What is about a
        sensitive illness stays behind its door.
        """
        if actor.reach is Reach.NOTHING or not actor.may("referral.read"):
            return self.none()
        # The county first, for every reach: its index is in the order of lists, so that the first
        # page of a hospital is read from the newest down instead of sorting half a million rows.
        here = self.filter(county_id=actor.county_id)
        if actor.reach is Reach.COUNTY:
            return here
        # A draft is its writer's own business until it is submitted.
        theirs = actor.within("to_org", "follow_up_org") & Q(submitted_at__isnull=False)
        mine = actor.within("from_org", "written_by") | theirs
        if open_to_carers:
            plain = Q(domain__in=["", *held_domains(actor)])
            plain |= Q(person__in=broken(actor).values("person_id"))
            standing = Q(submitted_at__isnull=False, owner__isnull=False)
            mine |= Q(person__in=open_people(actor)) & standing & plain
        return here.filter(mine)

    def sent_by(self, actor: Actor, *, by: str = "in") -> Self:
        return self.filter(actor.within("from_org", by=by))

    def received_by(self, actor: Actor, *, by: str = "in") -> Self:
        return self.filter(actor.within("to_org", by=by)).exclude(state=State.DRAFT)

    def open(self) -> Self:
        return self.filter(owner__isnull=False)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-id")

    def for_lists(self) -> Self:
        """With the little that a line of a list shows; houses are named from the tree."""
        return self.select_related("person").only(
            *LISTED, *(f"person__{n}" for n in LISTED_OF_PERSON)
        )

    def out_of_county(self) -> Self:
        """The register of those sent out of the county: drafts are none yet."""
        return self.filter(direction=Direction.OUT).exclude(state=State.DRAFT)

    def with_return(self) -> Self:
        """With `returned_at`: when the house outside sent the patient back, if it did."""
        back = Referral.objects.filter(
            person_id=OuterRef("person_id"),
            from_org_id=OuterRef("to_org_id"),
            direction=Direction.IN,
            submitted_at__gt=OuterRef("submitted_at"),
        ).order_by("submitted_at", "id")
        return self.annotate(returned_at=models.Subquery(back.values("submitted_at")[:1]))

    def for_pages(self) -> Self:
        """With everything a page names, in one query."""
        return self.select_related("person", "from_org", "to_org", "owner", "care_plan")


class Referral(Workflow):
    """One patient handed from one house to another, until the receipt is back."""

    MOVES = {
        State.DRAFT: {State.SUBMITTED, State.CANCELLED, State.ENDED},
        State.SUBMITTED: {
            State.APPROVED,
            State.ACCEPTED,
            State.DECLINED,
            State.WAITLISTED,
            State.UNANSWERED,
            State.SUBMITTED,
            State.CANCELLED,
            State.ENDED,
        },
        State.APPROVED: {
            State.ACCEPTED,
            State.DECLINED,
            State.WAITLISTED,
            State.UNANSWERED,
            State.SUBMITTED,
            State.CANCELLED,
            State.ENDED,
        },
        State.WAITLISTED: {
            State.ACCEPTED,
            State.DECLINED,
            State.WAITLISTED,
            State.SUBMITTED,
            State.CANCELLED,
            State.ENDED,
        },
        State.UNANSWERED: {
            State.ACCEPTED,
            State.DECLINED,
            State.WAITLISTED,
            State.SUBMITTED,
            State.CANCELLED,
            State.ENDED,
        },
        State.ACCEPTED: {
            State.IN_TRANSIT,
            State.ARRIVED,
            State.EXPIRED,
            State.CANCELLED,
            State.ENDED,
        },
        State.DECLINED: {State.SUBMITTED, State.CANCELLED, State.ENDED},
        State.EXPIRED: {State.SUBMITTED, State.ARRIVED, State.CANCELLED, State.ENDED},
        State.IN_TRANSIT: {State.ARRIVED, State.CANCELLED, State.ENDED},
        State.ARRIVED: {State.IN_TREATMENT, State.ENDED},
        State.IN_TREATMENT: {State.DOWN_PROPOSED, State.CLOSED, State.ENDED},
        State.DOWN_PROPOSED: {State.CLOSED, State.ENDED},
        State.CLOSED: {State.FOLLOWED_UP, State.ENDED},
    }
    TRAIL_HIDES = frozenset({"doctor_phone"})
    inbox_kind = "referral"

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    number = models.CharField(_("转诊单号"), max_length=20, unique=True, editable=False)
    state = models.CharField(_("状态"), max_length=14, choices=State, default=State.DRAFT)
    owner = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", null=True, editable=False
    )
    written_by = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", editable=False, verbose_name=_("填写机构")
    )

    # who, from where, to where
    person = models.ForeignKey(
        Person, models.PROTECT, related_name="referrals", verbose_name=_("患者")
    )
    from_org = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("转出机构")
    )
    from_department = models.CharField(_("转出科室"), max_length=50, blank=True)
    doctor = models.CharField(_("转诊医师"), max_length=50, blank=True)
    doctor_phone = models.CharField(_("医师电话"), max_length=20, blank=True)
    to_org = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("转入机构")
    )
    to_department = models.CharField(_("转入科室"), max_length=50, blank=True)
    # What a draft chose from the ranking (`slot:…`); nothing is kept until it is submitted.
    wished_place = models.CharField(max_length=50, blank=True, editable=False)
    direction = models.CharField(_("转诊方向"), max_length=8, choices=Direction)
    urgency = models.CharField(
        _("紧急程度"), max_length=10, choices=Urgency, default=Urgency.ROUTINE
    )
    kind = models.CharField(_("转诊类型"), max_length=14, choices=Kind, default=Kind.OUTPATIENT)
    referred_on = models.DateField(_("转诊日期"), null=True, blank=True)

    # what is known (numbers in comments: the form's data elements)
    visit_no = models.CharField(_("门（急）诊号／住院号"), max_length=18, blank=True)
    diagnosis_code = models.CharField(_("诊断编码（ICD-10）"), max_length=11, blank=True)
    diagnosis_name = models.CharField(_("初步诊断"), max_length=100, blank=True)
    # A sensitive domain of catalogue/sensitive.toml, by the diagnosis.
    domain = models.CharField(max_length=20, blank=True, editable=False)
    diagnosed_on = models.DateField(_("诊断日期"), null=True, blank=True)
    symptoms = models.TextField(_("主要现病史（症状）"), max_length=1000, blank=True)
    past_history = models.TextField(_("既往史（疾病、外伤、手术）"), max_length=1000, blank=True)
    allergies = models.TextField(_("过敏史"), max_length=1000, blank=True)
    treatment = models.TextField(_("治疗经过"), max_length=1000, blank=True)
    results = models.TextField(_("辅助检查结果"), max_length=2000, blank=True)
    medicines = models.TextField(_("目前用药"), max_length=1000, blank=True)
    procedures = models.TextField(_("手术及操作"), max_length=1000, blank=True)
    reason_code = models.CharField(_("转诊原因"), max_length=30, blank=True)
    reason = models.CharField(_("原因说明"), max_length=100, blank=True)
    narrative = models.TextField(_("转诊记录"), max_length=2000, blank=True)

    # sent down: what the lower house is to do
    assessment = models.TextField(_("健康问题评估"), max_length=2000, blank=True)
    disposal_plan = models.TextField(_("处置计划"), max_length=2000, blank=True)
    treatment_plan = models.TextField(_("治疗方案"), max_length=2000, blank=True)
    rehabilitation = models.TextField(_("康复措施指导"), max_length=1000, blank=True)

    care_plan = models.OneToOneField(
        CarePlan,
        models.PROTECT,
        related_name="letter",
        null=True,
        blank=True,
        verbose_name=_("照护计划"),
    )

    # consent
    consent_method = models.CharField(_("知情同意方式"), max_length=20, blank=True)
    consent_signer = models.CharField(_("签署人"), max_length=50, blank=True)
    consent_relation = models.CharField(_("与患者关系"), max_length=20, blank=True)
    consented_at = models.DateTimeField(_("知情同意时间"), null=True, blank=True)
    paper_due_at = models.DateTimeField(_("补全转诊单期限"), null=True, blank=True, editable=False)

    # the agreement it runs under; where none covers it, the nearest one and why it does not
    agreement = models.ForeignKey(
        Agreement,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("依据协议"),
    )
    uncovered = models.CharField(_("协议外原因"), max_length=10, blank=True, editable=False)

    # sent out of the county: whether the county should treat it itself; the insurer's filing
    in_catalogue = models.BooleanField(_("县域目录内病种"), null=True, editable=False)
    filing_number = models.CharField(_("转诊备案号"), max_length=40, blank=True)
    filed_on = models.DateField(_("备案日期"), null=True, blank=True)
    filed_by = models.CharField(_("备案登记人"), max_length=50, blank=True, editable=False)

    # approval by the sender's own leader
    needs_approval = models.BooleanField(_("须转出审核"), default=False, editable=False)
    approved_at = models.DateTimeField(null=True, blank=True, editable=False)
    approved_by = models.CharField(_("审核人"), max_length=50, blank=True, editable=False)

    # the answer
    submitted_at = models.DateTimeField(_("申请时间"), null=True, blank=True, editable=False)
    answered_at = models.DateTimeField(_("首次答复时间"), null=True, blank=True, editable=False)
    accepted_at = models.DateTimeField(_("接收时间"), null=True, blank=True, editable=False)
    accepting_doctor = models.CharField(_("接诊医师"), max_length=50, blank=True)
    expected_at = models.DateTimeField(_("预约到诊时间"), null=True, blank=True)
    place = models.CharField(_("就诊地点（诊室、床号）"), max_length=100, blank=True)
    instructions = models.CharField(_("就诊须知"), max_length=500, blank=True)
    refusal_code = models.CharField(_("拒绝原因"), max_length=30, blank=True)
    refusal = models.CharField(_("拒绝说明"), max_length=500, blank=True)
    alternative = models.CharField(_("替代建议"), max_length=500, blank=True)
    alternative_org = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("建议转往"),
    )
    waiting_code = models.CharField(_("等候原因"), max_length=30, blank=True)

    # how it ended before its end
    end_code = models.CharField(_("取消或终止原因"), max_length=30, blank=True)
    end_reason = models.CharField(_("取消或终止说明"), max_length=500, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)

    # the visit at the receiving house, and the receipt (回执)
    encounter = models.ForeignKey(
        Encounter, models.PROTECT, related_name="referrals", null=True, blank=True
    )
    departed_at = models.DateTimeField(_("出发时间"), null=True, blank=True)
    transport = models.CharField(_("转运方式"), max_length=100, blank=True)
    arrived_at = models.DateTimeField(_("到诊时间"), null=True, blank=True)
    treated_at = models.DateTimeField(_("开始诊治时间"), null=True, blank=True)
    discharged_at = models.DateTimeField(_("出院（诊毕）时间"), null=True, blank=True)
    closed_at = models.DateTimeField(_("结案时间"), null=True, blank=True, editable=False)
    receipt_results = models.TextField(_("主要检查结果"), max_length=2000, blank=True)
    receipt_treatment = models.TextField(_("治疗经过（回执）"), max_length=2000, blank=True)
    receipt_plan = models.TextField(_("下一步治疗方案及康复建议"), max_length=2000, blank=True)
    receipt_doctor = models.CharField(_("回执医师"), max_length=50, blank=True)
    final_code = models.CharField(_("最终诊断编码（ICD-10）"), max_length=11, blank=True)
    final_name = models.CharField(_("最终诊断"), max_length=100, blank=True)
    inpatient_no = models.CharField(_("住院号"), max_length=18, blank=True)
    outcome = models.CharField(_("病情转归"), max_length=1, blank=True)

    # afterwards
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        related_name="sequels",
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("来源转诊单"),
    )
    green_case = models.OneToOneField(
        GreenCase,
        models.PROTECT,
        related_name="referral",
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("绿色通道"),
    )
    follow_up_org = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("随访机构"),
    )
    followed_up_at = models.DateTimeField(_("随访时间"), null=True, blank=True)
    follow_up_note = models.TextField(_("随访记录"), max_length=2000, blank=True)
    follow_up_doctor = models.CharField(_("随访人"), max_length=50, blank=True)

    documents = models.ManyToManyField(Document, related_name="referrals", blank=True)

    objects: ClassVar[ReferralQuerySet] = ReferralQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("转诊单")
        constraints = [
            *Workflow.promises(
                Q(state__in=[str(s) for s in OPEN])
                | Q(
                    state=str(State.CLOSED),
                    direction__in=[str(d) for d in FOLLOWED],
                ),
                "referral",
            ),
            models.CheckConstraint(
                condition=~Q(from_org=F("to_org")), name="referral_leaves_the_house"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["declined"]) | ~Q(refusal_code=""),
                name="referral_refusal_has_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["cancelled", "ended"]) | ~Q(end_code=""),
                name="referral_end_has_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["arrived", "in-treatment", "down-proposed", "closed"])
                | Q(arrived_at__isnull=False),
                name="referral_arrival_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["from_org", "-created_at", "-id"], name="referral_sent"),
            models.Index(fields=["to_org", "-created_at", "-id"], name="referral_received"),
            models.Index(fields=["county", "-created_at", "-id"], name="referral_county"),
            models.Index(fields=["person", "-created_at"], name="referral_person"),
            models.Index(
                fields=["agreement", "submitted_at"],
                name="referral_under",
                condition=Q(agreement__isnull=False, uncovered=""),
            ),
            models.Index(
                fields=["state", "due_at"],
                name="referral_clock",
                condition=Q(due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(_("转诊单 %(number)s")) % {"number": self.number}

    def get_absolute_url(self) -> str:
        return reverse("referral:detail", args=[self.pk])

    @property
    def from_name(self) -> str:
        return tree.name(self.from_org_id)

    @property
    def to_name(self) -> str:
        return tree.name(self.to_org_id)

    @property
    def is_open(self) -> bool:
        return self.owner_id is not None

    @property
    def is_emergency(self) -> bool:
        return self.urgency == Urgency.EMERGENCY

    @property
    def awaits_approval(self) -> bool:
        return self.needs_approval and self.approved_at is None

    @property
    def sender_id(self) -> UUID:
        """The house that acts for the sender: itself, or who wrote it for a partner outside."""
        house = tree.get(self.from_org_id)
        return self.written_by_id if house and house.outside else self.from_org_id

    @property
    def receiver_id(self) -> UUID:
        """The house that acts for the receiver: itself, or the sender for a partner outside."""
        house = tree.get(self.to_org_id)
        return self.sender_id if house and house.outside else self.to_org_id

    @property
    def approver_id(self) -> UUID | None:
        """The house whose leader lets a patient go: the sender's, for a clinic the one above it.

        None where nobody inside sends: a partner outside, or an office that wrote it down.
        """
        house = tree.get(self.from_org_id)
        while house is not None and house.level in (Level.VILLAGE, Level.PHARMACY):
            house = tree.get(house.parent_id)
        led = house is not None and house.level in (Level.TOWNSHIP, Level.COUNTY)
        return house.pk if house is not None and led and not house.outside else None

    @property
    def cover(self) -> Cover:
        """Under which agreement it runs, or why under none, as it was when it was submitted."""
        verdict = Verdict(self.uncovered or Verdict.COVERED)
        terms = book.get(self.agreement_id)
        return Cover(verdict, terms, self.to_department, self.diagnosis_code)

    @property
    def parties(self) -> set[UUID]:
        """Every house that takes part."""
        houses = {self.from_org_id, self.to_org_id, self.written_by_id}
        return houses | ({self.follow_up_org_id} if self.follow_up_org_id else set())

    @property
    def took(self) -> Any:
        """From submission to acceptance, None while there is none."""
        if self.submitted_at is None or self.accepted_at is None:
            return None
        return self.accepted_at - self.submitted_at

    def inbox_facts(self) -> dict[str, Any]:
        return {
            "title": f"{self.person.name} · {self.diagnosis_name or '—'}"[:200],
            "detail": f"{tree.name(self.from_org_id)} → {tree.name(self.to_org_id)}",
            "urgency": self.urgency,
            "county_id": self.county_id,
        }
