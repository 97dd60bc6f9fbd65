"""What the privacy officer reviews: doubtful readings, marks on flags, people who are watched."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.privacy import catalogue
from xinglin.clinical.privacy.models.rows import BreakGlass
from xinglin.kernel.access import Actor, Reach
from xinglin.kernel.models import TrailEntry
from xinglin.kernel.records import Record, Workflow
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person

if TYPE_CHECKING:
    from typing import Self


class State(models.TextChoices):
    WAITING = "waiting", _("待核查")
    ASKED = "asked", _("已询问")
    JUSTIFIED = "justified", _("查阅正当")
    UNJUSTIFIED = "unjustified", _("查阅不当")


class ReviewQuerySet(models.QuerySet["Review"]):
    def visible_to(self, actor: Actor) -> Self:
        """The officers of the county; and whoever disputed a reading sees what came of it."""
        if actor.person_id is not None:
            return self.filter(person_id=actor.person_id)
        if actor.may("privacy.review") and actor.reach is Reach.COUNTY:
            return self.filter(county_id=actor.county_id)
        return self.none()

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-id")


class Review(Workflow):
    """A reading before the privacy officer: after broken glass, or disputed by the resident."""

    MOVES = {
        State.WAITING: {State.ASKED, State.JUSTIFIED, State.UNJUSTIFIED},
        State.ASKED: {State.JUSTIFIED, State.UNJUSTIFIED},
    }
    inbox_kind = "privacy-review"

    class Kind(models.TextChoices):
        GLASS = "glass", _("紧急查阅")
        DISPUTE = "dispute", _("居民异议")

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name=_("居民"))
    kind = models.CharField(_("类别"), max_length=8, choices=Kind)
    state = models.CharField(_("状态"), max_length=12, choices=State, default=State.WAITING)
    owner = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", null=True, editable=False
    )
    glass = models.OneToOneField(
        BreakGlass, models.PROTECT, related_name="review", null=True, blank=True, editable=False
    )
    entry = models.ForeignKey(
        TrailEntry, models.PROTECT, related_name="+", null=True, blank=True, editable=False
    )
    said = models.CharField(_("理由"), max_length=500, blank=True)
    answer = models.CharField(_("核查意见"), max_length=500, blank=True)
    reviewed_by = models.CharField(_("核查人"), max_length=50, blank=True, editable=False)
    reviewed_at = models.DateTimeField(_("核查时间"), null=True, blank=True, editable=False)

    objects: ClassVar[ReviewQuerySet] = ReviewQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("查阅核查")
        constraints = [
            *Workflow.promises(Q(state__in=[State.WAITING, State.ASKED]), "privacy_review"),
            models.UniqueConstraint(
                fields=["entry"], condition=Q(entry__isnull=False), name="review_once_per_reading"
            ),
        ]
        indexes = [models.Index(fields=["county", "-created_at"], name="privacy_review_county")]

    def __str__(self) -> str:
        return gettext("%(kind)s：%(who)s") % {"kind": self.get_kind_display(), "who": self.person}

    def get_absolute_url(self) -> str:
        return reverse("privacy:review", args=[self.pk])

    def inbox_facts(self) -> dict[str, object]:
        return {
            "title": f"{self.get_kind_display()} · {self.person.masked_name}",
            "detail": self.said[:300],
            "urgency": "urgent" if self.kind == self.Kind.GLASS else "routine",
            "county_id": self.county_id,
        }


class Mark(Record):
    """What the privacy officer has made of a flag: looked at, asked, explained."""

    class Verdict(models.TextChoices):
        SEEN = "seen", _("已看过")
        ASKED = "asked", _("已询问")
        EXPLAINED = "explained", _("已说明")

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    # The flag, the reader, the person and the day: the same flag of the next day is another.
    key = models.CharField(max_length=150, editable=False)
    verdict = models.CharField(_("处理"), max_length=10, choices=Verdict)
    note = models.CharField(_("说明"), max_length=300, blank=True)
    marked_by = models.CharField(_("处理人"), max_length=50, editable=False)

    class Meta:
        verbose_name = _("异常处理")
        constraints = [models.UniqueConstraint(fields=["county", "key"], name="mark_once")]

    def __str__(self) -> str:
        return self.get_verdict_display()


class VipQuerySet(models.QuerySet["Vip"]):
    def visible_to(self, actor: Actor) -> Self:
        if actor.may("privacy.review") and actor.reach is Reach.COUNTY:
            return self.filter(county_id=actor.county_id)
        return self.none()

    def standing(self) -> Self:
        return self.filter(lifted_at=None)


class Vip(Record):
    """A person whose record draws curiosity: every reading of it is flagged."""

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name=_("居民"))
    reason = models.CharField(_("关注原因"), max_length=30)
    lifted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[VipQuerySet] = VipQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("重点关注")
        constraints = [
            models.UniqueConstraint(fields=["person"], condition=Q(lifted_at=None), name="vip_once")
        ]

    def __str__(self) -> str:
        return str(self.person)

    @property
    def reason_said(self) -> str:
        return catalogue.reasons.label("vip", self.reason)


# ------------------------------------------------------------------------------ who may read
