"""The agreement, its parties and its signed papers; and whether one covers an act."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from xinglin.kernel import clock
from xinglin.kernel.access import Actor, Reach
from xinglin.kernel.records import Record, Workflow
from xinglin.registry.agreements import rules
from xinglin.registry.organisations.models import Organisation, tree

if TYPE_CHECKING:
    from typing import Self


class Kind(models.TextChoices):
    REFERRAL = "referral", _("双向转诊")
    CONSULTATION = "consultation", _("远程会诊")
    DIAGNOSIS = "diagnosis", _("远程诊断")
    CENTRE = "centre", _("共享中心")
    SUPPLY = "supply", _("集中供应")
    SUPPORT = "support", _("技术帮扶")


class State(models.TextChoices):
    DRAFT = "draft", _("草稿")
    IN_FORCE = "in-force", pgettext_lazy("agreement", "已生效")
    SUSPENDED = "suspended", _("已暂停")
    EXPIRED = "expired", _("已到期")
    ENDED = "ended", pgettext_lazy("agreement", "已终止")


RUNNING = (State.IN_FORCE, State.SUSPENDED)


class QuotaBy(models.TextChoices):
    MONTH = "month", _("每月")
    YEAR = "year", _("每年")


class AgreementQuerySet(models.QuerySet["Agreement"]):
    def visible_to(self, actor: Actor) -> Self:
        """The county's offices see all; a house those to which it is a party, or one above it.

        A draft is the business of who keeps it until it is signed.
        """
        if actor.reach is Reach.NOTHING or not actor.may("agreement.read"):
            return self.none()
        here = self.filter(county_id=actor.county_id)
        if actor.reach is Reach.COUNTY:
            return here
        over = houses_over(actor.org_id)
        party = Party.objects.filter(agreement_id=OuterRef("pk")).filter(
            Q(organisation__in=actor.scope)
            | (Q(organisation__in=over) & ~Q(extent=Party.Extent.HOUSE))
        )
        return here.filter(
            Q(keeper=actor.org_id) | (Exists(party) & ~Q(state=State.DRAFT, signed_on=None))
        )

    def running(self) -> Self:
        return self.filter(state__in=RUNNING)

    def soonest_first(self) -> Self:
        """What runs and ends first on top, what is over last."""
        order = models.Case(
            *(
                models.When(state=state, then=place)
                for place, state in enumerate((State.IN_FORCE, State.SUSPENDED, State.DRAFT))
            ),
            default=9,
            output_field=models.IntegerField(),
        )
        return self.annotate(place=order).order_by("place", "valid_until", "id")

    def for_pages(self) -> Self:
        return self.select_related("keeper", "follows").prefetch_related("parties__organisation")

    def covering(
        self,
        kind: str,
        from_org: UUID,
        to_org: UUID,
        *,
        on: date | None = None,
        department: str = "",
        diagnosis: str = "",
        but: UUID | None = None,
        exactly: bool = False,
    ) -> rules.Cover:
        """The agreement under which one house turns to another, or why there is none.

        Asks memory (`book`); the database is asked only how much of a quota is used, without
        the use `but`. `exactly` holds agreements with a quota until the end of the transaction,
        so that two who take the last place come one after the other.
        """
        source, target = tree.get(from_org), tree.get(to_org)
        if source is None or target is None:
            return rules.Cover(rules.Verdict.NONE)
        day = on or timezone.localdate(clock.now())

        def used(terms: rules.Terms) -> int:
            if exactly:
                held = Agreement.objects.filter(pk=terms.id).select_for_update(no_key=True)
                held.values_list("pk").first()
            return uses([terms], day, but=but)[terms.id]

        return rules.judge(
            book.of(source.region_id, kind),
            source.path,
            target.path,
            on=day,
            department=department,
            diagnosis=diagnosis,
            used=used,
        )


class Agreement(Workflow):
    """What two or more houses have agreed on (FHIR Contract).

    It is owed something only as a draft and when it is about to end: then it lies in the inbox
    of the house that keeps it.
    """

    MOVES = {
        State.DRAFT: {State.IN_FORCE, State.ENDED},
        State.IN_FORCE: {State.SUSPENDED, State.ENDED, State.EXPIRED},
        State.SUSPENDED: {State.IN_FORCE, State.ENDED, State.EXPIRED},
    }
    inbox_kind = "agreement"

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+", editable=False)
    number = models.CharField(_("协议编号"), max_length=40)
    title = models.CharField(_("协议名称"), max_length=100)
    kind = models.CharField(_("协议类别"), max_length=12, choices=Kind, default=Kind.REFERRAL)
    state = models.CharField(
        _("状态"), max_length=10, choices=State, default=State.DRAFT, editable=False
    )
    owner = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", null=True, editable=False
    )
    keeper = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", editable=False, verbose_name=_("管理机构")
    )
    follows = models.ForeignKey(
        "self",
        models.PROTECT,
        related_name="renewals",
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("续签自"),
    )

    # scope; an empty list leaves nothing out
    departments = models.JSONField(_("适用科室"), default=list, blank=True)
    diagnoses = models.JSONField(_("适用病种（ICD-10 前缀）"), default=list, blank=True)
    services = models.JSONField(_("服务项目"), default=list, blank=True)

    # duties: what can be measured, and what each side has promised in words
    answer_hours = models.PositiveSmallIntegerField(_("答复时限"), null=True, blank=True)
    reserved_percent = models.PositiveSmallIntegerField(_("预留号源比例"), null=True, blank=True)
    visits_per_month = models.PositiveSmallIntegerField(_("专家下派次数"), null=True, blank=True)
    first_duties = models.JSONField(_("甲方职责"), default=list, blank=True)
    second_duties = models.JSONField(_("乙方职责"), default=list, blank=True)

    quota = models.PositiveIntegerField(_("额度"), null=True, blank=True)
    quota_by = models.CharField(_("额度周期"), max_length=5, choices=QuotaBy, default=QuotaBy.YEAR)

    valid_from = models.DateField(_("生效日期"))
    valid_until = models.DateField(_("截止日期"))
    signed_on = models.DateField(_("签订日期"), null=True, blank=True, editable=False)
    suspended_on = models.DateField(_("暂停日期"), null=True, blank=True, editable=False)
    ended_on = models.DateField(_("终止日期"), null=True, blank=True, editable=False)
    reason = models.CharField(_("暂停或终止原因"), max_length=200, blank=True, editable=False)
    # The smallest number of days before the end that has been told.
    reminded = models.PositiveSmallIntegerField(
        _("到期提醒"), null=True, blank=True, editable=False
    )

    objects: ClassVar[AgreementQuerySet] = AgreementQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("机构协议")
        constraints = [
            *Workflow.promises(
                Q(state=str(State.DRAFT))
                | Q(state__in=[str(s) for s in RUNNING], reminded__isnull=False),
                "agreement",
            ),
            models.UniqueConstraint(fields=["county", "number"], name="agreement_number_once"),
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("valid_from")),
                name="agreement_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(state="draft")
                | Q(state="ended", ended_on__isnull=False)
                | Q(signed_on__isnull=False),
                name="agreement_in_force_is_signed",
            ),
            models.CheckConstraint(
                condition=~Q(state="suspended") | Q(suspended_on__isnull=False),
                name="agreement_suspended_since_a_day",
            ),
            models.CheckConstraint(
                condition=Q(quota=None) | Q(quota__gte=1), name="agreement_quota_lets_something"
            ),
        ]
        indexes = [
            models.Index(fields=["county", "state", "valid_until"], name="agreement_county"),
        ]

    def __str__(self) -> str:
        return f"{self.title}（{self.number}）"

    def get_absolute_url(self) -> str:
        return reverse("agreements:detail", args=[self.pk])

    def inbox_facts(self) -> dict[str, Any]:
        left = (self.valid_until - timezone.localdate(clock.now())).days
        return {
            "title": str(self)[:200],
            "detail": f"{self.valid_from.isoformat()} – {self.valid_until.isoformat()}",
            "urgency": "urgent" if self.state != State.DRAFT and left <= 7 else "routine",
            "county_id": self.county_id,
        }

    def facts(self) -> dict[str, Any]:
        """With the parties, so that the trail tells who came and went."""
        parties = [] if self._state.adding else [party.told for party in self.in_order]
        return {**super().facts(), "parties": parties}

    @classmethod
    def label_of(cls, name: str) -> str:
        return str(_("协议各方")) if name == "parties" else super().label_of(name)

    @property
    def in_order(self) -> list[Party]:
        """The parties, the first side first."""
        return sorted(self.parties.all(), key=lambda each: (each.side, each.pk))

    @property
    def terms(self) -> rules.Terms:
        return rules.Terms(
            id=self.pk,
            county_id=self.county_id,
            kind=self.kind,
            number=self.number,
            title=self.title,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            sides=tuple(party.as_side for party in self.in_order),
            departments=tuple(self.departments),
            diagnoses=tuple(self.diagnoses),
            quota=self.quota,
            quota_by=self.quota_by,
            suspended_on=self.suspended_on,
            ended_on=self.ended_on,
        )

    @property
    def days_left(self) -> int:
        """Days until its last one, today not counted; negative when that is over."""
        return (self.valid_until - timezone.localdate(clock.now())).days


class Party(Record):
    """A house that has signed, alone or with the houses below it."""

    class Side(models.TextChoices):
        FIRST = "1", _("甲方")
        SECOND = "2", _("乙方")
        THIRD = "3", _("丙方")

    class Extent(models.TextChoices):
        HOUSE = "house", _("仅本机构")
        BELOW = "below", _("本机构及下级")
        AMONG = "among", _("本机构及下级，含其相互之间")

    class Role(models.TextChoices):
        BOTH = "both", _("转出并接收")
        SENDS = "sends", _("仅转出（邀请）")
        RECEIVES = "receives", _("仅接收（受邀）")

    agreement = models.ForeignKey(Agreement, models.CASCADE, related_name="parties")
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("机构")
    )
    side = models.CharField(_("身份"), max_length=1, choices=Side, default=Side.FIRST)
    extent = models.CharField(_("覆盖范围"), max_length=5, choices=Extent, default=Extent.HOUSE)
    role = models.CharField(_("双方角色"), max_length=8, choices=Role, default=Role.BOTH)
    signer = models.CharField(_("签署代表"), max_length=50, blank=True)
    contact = models.CharField(_("联系人"), max_length=50, blank=True)
    phone = models.CharField(_("联系电话"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("协议方")
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "organisation"], name="agreement_party_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return tree.name(self.organisation_id)

    @property
    def told(self) -> str:
        return "，".join(
            str(each)
            for each in (
                f"{self.get_side_display()}：{self.name}",
                self.get_extent_display(),
                self.get_role_display(),
                self.signer,
            )
            if each
        )

    @property
    def as_side(self) -> rules.Side:
        house = tree.get(self.organisation_id)
        assert house is not None, "a party is a house of the directory"
        return rules.Side(
            path=house.path,
            below=self.extent != Party.Extent.HOUSE,
            among=self.extent == Party.Extent.AMONG,
            sends=self.role != Party.Role.RECEIVES,
            receives=self.role != Party.Role.SENDS,
        )


class SignedPaper(Record):
    """A scan or photograph of the signed text; the digest shows that it is still the same."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="papers")
    title = models.CharField(_("标题"), max_length=200)
    file = models.FileField(upload_to="agreements/%Y/%m", editable=False)
    media_type = models.CharField(max_length=50, editable=False)
    size = models.PositiveIntegerField(editable=False)
    digest = models.CharField(_("校验值（SHA-256）"), max_length=64, editable=False)
    filed_by = models.CharField(_("上传人"), max_length=50, editable=False)

    class Meta:
        verbose_name = _("签署文本")
        constraints = [
            models.UniqueConstraint(fields=["agreement", "digest"], name="signed_paper_once")
        ]

    def __str__(self) -> str:
        return self.title

    def trail_county_id(self) -> UUID | None:
        return self.agreement.county_id


def houses_over(org_id: UUID) -> list[UUID]:
    """The houses above one, itself left out."""
    found: list[UUID] = []
    house = tree.get(org_id)
    while house is not None and house.parent_id is not None:
        found.append(house.parent_id)
        house = tree.get(house.parent_id)
    return found


# ------------------------------------------------------------------------- what is in memory


class Book:
    """Every agreement that was ever signed, in memory: few rows that every referral asks about.

    Read again at most every `LASTS` seconds, and at once after a change in this process. Days
    are compared when asked, so that an agreement ends at midnight whatever the clocks do.
    """

    LASTS = 15.0

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._changes = 0
        self._by_kind: dict[tuple[UUID, str], list[rules.Terms]] = {}
        self._by_id: dict[UUID, rules.Terms] = {}

    def forget(self) -> None:
        self._changes += 1
        self._read_at = float("-inf")

    def _read(self) -> None:
        now = time.monotonic()
        if now - self._read_at <= self.LASTS:
            return
        with self._lock:
            changes = self._changes
            by_kind: dict[tuple[UUID, str], list[rules.Terms]] = defaultdict(list)
            signed = Agreement.objects.exclude(signed_on=None).prefetch_related("parties")
            for agreement in signed.order_by("id"):
                by_kind[agreement.county_id, agreement.kind].append(agreement.terms)
            self._by_id = {terms.id: terms for rows in by_kind.values() for terms in rows}
            self._by_kind = dict(by_kind)
            # What changed while it was being read may not be in it.
            self._read_at = now if changes == self._changes else float("-inf")

    def of(self, county_id: UUID, kind: str) -> list[rules.Terms]:
        """The agreements of one kind of a county."""
        self._read()
        return self._by_kind.get((county_id, str(kind)), [])

    def get(self, agreement_id: UUID | None) -> rules.Terms | None:
        self._read()
        return self._by_id.get(agreement_id) if agreement_id else None


book = Book()

# ---------------------------------------------------------------------------- how much is used

# Told agreements with the first and last day of their quota, and an id to leave out: how many
# uses each has.
Count = Callable[[Mapping[UUID, tuple[date, date]], UUID | None], Mapping[UUID, int]]
_counts: dict[str, Count] = {}


def counted_by(kind: str, count: Count) -> None:
    """The app whose work runs under agreements of this kind tells how much of them is used."""
    _counts[str(kind)] = count


def uses(
    agreements: Iterable[rules.Terms], on: date, *, but: UUID | None = None
) -> dict[UUID, int]:
    """How much of each agreement was used in the month or year of its quota: one query a kind."""
    wanted: dict[str, dict[UUID, tuple[date, date]]] = defaultdict(dict)
    found: dict[UUID, int] = {}
    for terms in agreements:
        wanted[terms.kind][terms.id] = rules.period(terms.quota_by, on)
        found[terms.id] = 0
    for kind, periods in wanted.items():
        count = _counts.get(kind)
        if count is not None:
            found |= count(periods, but)
    return found
