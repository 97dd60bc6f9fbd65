"""Who lies in a bed, from when to when; for whom a bed is kept, and until when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.capacity import catalogue
from xinglin.clinical.capacity.models.beds import Bed
from xinglin.clinical.record.models import Encounter
from xinglin.kernel import clock
from xinglin.kernel.access import Actor
from xinglin.kernel.records import Record, Staged
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person

if TYPE_CHECKING:
    from typing import Self

NOW = Q(until=None, voided_at=None)


class StayEnd(models.TextChoices):
    """How a stay in one bed ended."""

    MOVED = "moved", _("转床")
    DISCHARGED = "discharged", _("出院")
    DIED = "died", _("死亡")


class HoldState(models.TextChoices):
    STANDING = "standing", _("预留中")
    USED = "used", _("已入住")
    RELEASED = "released", _("已取消")
    LAPSED = "lapsed", _("已过期")


class BedStayQuerySet(models.QuerySet["BedStay"]):
    def visible_to(self, actor: Actor) -> Self:
        """Those in the houses that the post sees, if it may look at the bed board."""
        if not actor.may("beds.read"):
            return self.none()
        return self.filter(actor.within("organisation"))

    def current(self) -> Self:
        """Who lies in a bed now."""
        return self.filter(NOW)

    def at(self, moment: datetime) -> Self:
        """Who lay in a bed at a moment."""
        ended = Q(until=None) | Q(until__gt=moment)
        return self.filter(ended, since__lte=moment, voided_at=None)


class BedStay(Record):
    """A person in a bed: from, planned discharge, until. A move ends one and begins the next.

    A wrong one is voided with who and why and never overwritten. `began` is when the person
    first lay in a bed of the house in this admission, however often they moved since.
    """

    county = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("所属县")
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("机构")
    )
    # Its index is `bed_stay_bed`.
    bed = models.ForeignKey(
        Bed, models.PROTECT, related_name="stays", db_index=False, verbose_name=_("床位")
    )
    person = models.ForeignKey(
        Person, models.PROTECT, related_name="bed_stays", verbose_name=_("患者")
    )
    encounter = models.ForeignKey(
        Encounter,
        models.PROTECT,
        related_name="bed_stays",
        null=True,
        blank=True,
        verbose_name=_("住院"),
    )
    since = models.DateTimeField(_("入住时间"))
    began = models.DateTimeField(_("入院上床时间"), editable=False)
    planned_on = models.DateField(_("计划出院日期"), null=True, blank=True)
    until = models.DateTimeField(_("离床时间"), null=True, blank=True, editable=False)
    end = models.CharField(
        _("离床方式"), max_length=10, choices=StayEnd, blank=True, editable=False
    )
    moved_from = models.OneToOneField(
        "self",
        models.PROTECT,
        related_name="moved_to",
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("由此转来"),
    )
    mix_code = models.CharField(_("不按病室性别收治的原因"), max_length=20, blank=True)
    mix_text = models.CharField(_("说明"), max_length=200, blank=True)
    admitted_by = models.CharField(_("安排人"), max_length=50, blank=True, editable=False)
    voided_at = models.DateTimeField(null=True, blank=True, editable=False)
    voided_by = models.CharField(max_length=50, blank=True, editable=False)
    void_code = models.CharField(_("作废原因"), max_length=20, blank=True, editable=False)
    void_text = models.CharField(_("说明"), max_length=200, blank=True, editable=False)

    objects: ClassVar[BedStayQuerySet] = BedStayQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("床位占用")
        verbose_name_plural = _("床位占用")
        constraints = [
            models.UniqueConstraint(fields=["bed"], condition=NOW, name="bed_holds_one_person"),
            models.UniqueConstraint(fields=["person"], condition=NOW, name="person_in_one_bed"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="bed_stay_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(until=None, end="") | (Q(until__isnull=False) & ~Q(end="")),
                name="bed_stay_ends_in_a_way",
            ),
        ]
        indexes = [
            models.Index(fields=["encounter"], name="bed_stay_encounter", condition=NOW),
            models.Index(
                fields=["organisation", "planned_on"], name="bed_stay_leaving", condition=NOW
            ),
            models.Index(fields=["person", "-since"], name="bed_stay_person"),
            models.Index(fields=["bed", "-until"], name="bed_stay_bed"),
        ]

    @classmethod
    def into(cls, bed: Bed, person: Person, **facts: Any) -> BedStay:
        """A stay in a bed, not yet saved: `since` (now), `encounter`, `planned_on`, `mix_code`."""
        since = facts.pop("since", None) or clock.now()
        return cls(
            county_id=bed.county_id,
            organisation_id=bed.organisation_id,
            bed=bed,
            person=person,
            since=since,
            began=facts.pop("began", None) or since,
            **facts,
        )

    def __str__(self) -> str:
        return gettext("%(person)s %(bed)s") % {"person": self.person.name, "bed": self.bed}

    def get_absolute_url(self) -> str:
        return self.bed.get_absolute_url()

    @property
    def is_current(self) -> bool:
        return self.until is None and self.voided_at is None

    @property
    def days(self) -> int:
        """Days in the house (住院天数): the day of leaving does not count, the first does."""
        last = timezone.localdate(self.until or clock.now())
        return max(1, (last - timezone.localdate(self.began)).days)

    @property
    def leaves(self) -> str:
        """The planned discharge in a word: `late`, `today`, `tomorrow`, `later`, or ""."""
        if self.planned_on is None:
            return ""
        left = (self.planned_on - timezone.localdate(clock.now())).days
        return "late" if left < 0 else ("today", "tomorrow")[left] if left < 2 else "later"

    @property
    def mix_label(self) -> str:
        return catalogue.said("mix", self.mix_code, self.mix_text)


class BedHoldQuerySet(models.QuerySet["BedHold"]):
    def visible_to(self, actor: Actor) -> Self:
        """Those in houses that the post sees, and those that its own house made elsewhere."""
        if not (actor.may("beds.read") or actor.may("beds.hold")):
            return self.none()
        return self.filter(actor.within("organisation", "made_by"))

    def standing(self) -> Self:
        return self.filter(state=HoldState.STANDING)

    def run_out(self, now: datetime) -> Self:
        return self.filter(state=HoldState.STANDING, until__lte=now)

    def of(self, kind: str, subject_id: UUID) -> Self:
        """Those made for a referral, an admission, or whatever else a bed is kept for."""
        return self.filter(subject_kind=kind, subject_id=subject_id)


class BedHold(Staged):
    """A bed kept for somebody until a moment, for the sake of a referral or an admission.

    `subject_kind` and `subject_id` name what it is kept for (as the inbox names kinds: `referral`);
    apps above this one make and release holds and need no further table.
    """

    MOVES = {
        HoldState.STANDING: {HoldState.USED, HoldState.RELEASED, HoldState.LAPSED},
    }

    county = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("所属县")
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("机构")
    )
    bed = models.ForeignKey(Bed, models.PROTECT, related_name="holds", verbose_name=_("床位"))
    person = models.ForeignKey(
        Person, models.PROTECT, related_name="bed_holds", verbose_name=_("患者")
    )
    subject_kind = models.CharField(_("预留依据"), max_length=20, blank=True)
    subject_id = models.UUIDField(_("依据编号"), null=True, blank=True)
    made_by = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("预留机构")
    )
    maker = models.CharField(_("预留人"), max_length=50, blank=True, editable=False)
    until = models.DateTimeField(_("预留至"))
    mix_code = models.CharField(_("不按病室性别收治的原因"), max_length=20, blank=True)
    mix_text = models.CharField(_("说明"), max_length=200, blank=True)
    state = models.CharField(
        _("状态"),
        max_length=10,
        choices=HoldState,
        default=HoldState.STANDING,
        editable=False,
    )
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True, editable=False)
    end_code = models.CharField(_("取消原因"), max_length=20, blank=True, editable=False)
    end_text = models.CharField(_("说明"), max_length=200, blank=True, editable=False)

    objects: ClassVar[BedHoldQuerySet] = BedHoldQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("床位预留")
        verbose_name_plural = _("床位预留")
        constraints = [
            models.UniqueConstraint(
                fields=["bed"], condition=Q(state="standing"), name="bed_held_once"
            ),
            models.UniqueConstraint(
                fields=["person"], condition=Q(state="standing"), name="person_has_one_bed_hold"
            ),
            models.CheckConstraint(
                condition=Q(state="standing", ended_at=None)
                | (~Q(state="standing") & Q(ended_at__isnull=False)),
                name="bed_hold_ends_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["until"], name="bed_hold_until", condition=Q(state="standing")),
            models.Index(fields=["subject_kind", "subject_id"], name="bed_hold_subject"),
        ]

    def __str__(self) -> str:
        return gettext("%(bed)s（为 %(person)s 预留）") % {
            "bed": self.bed,
            "person": self.person.name,
        }

    def get_absolute_url(self) -> str:
        return self.bed.get_absolute_url()


def bed_of_visit(column: str) -> Subquery:
    """Something about the bed in which the person of a visit lies now, beside each visit."""
    return Subquery(BedStay.objects.current().filter(encounter=OuterRef("pk")).values(column)[:1])


def in_the_past_too() -> models.QuerySet[BedStay]:
    """Every stay that stands, the first one first: how a visit went through the wards."""
    return BedStay.objects.filter(voided_at=None).order_by("since", "id")


def bed_labels(encounters: Iterable[UUID]) -> dict[UUID, tuple[str, str]]:
    """Ward and bed in which the people of these encounters lie now, in one query."""
    rows = BedStay.objects.current().filter(encounter__in=list(encounters))
    return {
        key: (ward, number)
        for key, ward, number in rows.values_list("encounter_id", "bed__ward__name", "bed__number")
        if key is not None
    }
