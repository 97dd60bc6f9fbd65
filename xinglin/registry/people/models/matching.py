"""Who may be who, who was found to be who, and what was moved because of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xinglin.kernel.access import NONE, Actor
from xinglin.kernel.records import Record, Workflow
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models.person import Person

if TYPE_CHECKING:
    from typing import Self


class MatchKey(models.Model):
    """One thing that other registrations of the same person are likely to share.

    The key is a number made of county and likeness (`matching.keys`). The keys of a merged
    registration stay with it: whoever resembles the older telling is led to the survivor.
    """

    id = models.BigAutoField(primary_key=True)
    key = models.BigIntegerField()
    person = models.ForeignKey(Person, models.CASCADE, related_name="match_keys")

    class Meta:
        verbose_name = _("匹配键")
        indexes = [models.Index(fields=["key", "person"], name="match_key")]

    def __str__(self) -> str:
        return f"{self.key:x}"


class ReviewState(models.TextChoices):
    OPEN = "open", _("待核对")
    WAITING = "waiting", _("暂不能定")
    MERGED = "merged", _("已合并")
    DIFFERENT = "different", _("不是同一人")
    LAPSED = "lapsed", _("已失效")


OPEN_STATES = (ReviewState.OPEN, ReviewState.WAITING)


class MatchReviewQuerySet(models.QuerySet["MatchReview"]):
    def visible_to(self, actor: Actor) -> Self:
        """Those who may judge see the county's pairs; nobody else sees any."""
        if actor.county_id == NONE or not actor.may("person.review"):
            return self.none()
        return self.filter(county_id=actor.county_id)

    def open(self) -> Self:
        return self.filter(state__in=OPEN_STATES)

    def about(self, person: Person) -> Self:
        return self.filter(Q(first=person) | Q(second=person))


class MatchReview(Workflow):
    """A pair of registrations that may be of one person, until somebody has looked.

    `first` is the older registration. A pair is asked about once: what was judged different
    stays judged.
    """

    class Source(models.TextChoices):
        REGISTRATION = "registration", _("登记")
        CORRECTION = "correction", _("更正")
        IMPORT = "import", _("导入")
        BULK = "bulk", _("批量查重")

    MOVES: ClassVar = {
        ReviewState.OPEN: {
            ReviewState.WAITING,
            ReviewState.MERGED,
            ReviewState.DIFFERENT,
            ReviewState.LAPSED,
        },
        ReviewState.WAITING: {
            ReviewState.WAITING,
            ReviewState.MERGED,
            ReviewState.DIFFERENT,
            ReviewState.LAPSED,
        },
        ReviewState.MERGED: {ReviewState.OPEN, ReviewState.DIFFERENT},
        ReviewState.DIFFERENT: {ReviewState.MERGED},
        ReviewState.LAPSED: {ReviewState.OPEN},
    }
    inbox_kind: ClassVar[str] = "match-review"

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    first = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name=_("居民"))
    second = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name=_("居民"))
    state = models.CharField(
        _("状态"), max_length=10, choices=ReviewState, default=ReviewState.OPEN
    )
    source = models.CharField(_("来源"), max_length=12, choices=Source)
    weight = models.FloatField(_("匹配权重"))
    note = models.CharField(_("说明"), max_length=200, blank=True)
    owner = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", null=True, editable=False
    )
    decided_at = models.DateTimeField(null=True, editable=False)
    merge = models.ForeignKey(
        "Merge", models.PROTECT, related_name="reviews", null=True, editable=False
    )

    objects: ClassVar[MatchReviewQuerySet] = MatchReviewQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("疑似重复")
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="match_review_pair_once"),
            models.CheckConstraint(
                condition=Q(first__lt=F("second")), name="match_review_pair_in_order"
            ),
            *Workflow.promises(Q(state__in=["open", "waiting"]), "match_review"),
        ]
        indexes = [models.Index(fields=["county", "state", "-weight"], name="match_review_queue")]

    def __str__(self) -> str:
        return f"{self.first} / {self.second}"

    def get_absolute_url(self) -> str:
        return reverse("people:review", args=[self.pk])

    def trail_person_id(self) -> UUID | None:
        return self.first_id

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    def inbox_facts(self) -> dict[str, Any]:
        one, other = self.first.name, self.second.name
        return {
            "title": one if one == other else f"{one} / {other}",
            "detail": gettext("来自%(source)s") % {"source": self.get_source_display()},
            "urgency": "routine",
            "county_id": self.county_id,
        }


class MergeQuerySet(models.QuerySet["Merge"]):
    def visible_to(self, actor: Actor) -> Self:
        if actor.county_id == NONE or not actor.may("person.review"):
            return self.none()
        return self.filter(county_id=actor.county_id)

    def standing(self) -> Self:
        return self.filter(undone_at=None)


class Merge(Record):
    """That one registration lives on in another, and what was filled in because of it.

    `filled` holds the survivor's fields that were empty and took the other's value: name to
    that value, as plain JSON.
    """

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    survivor = models.ForeignKey(
        Person, models.PROTECT, related_name="+", verbose_name=_("保留的档案")
    )
    loser = models.ForeignKey(
        Person, models.PROTECT, related_name="+", verbose_name=_("并入的档案")
    )
    reason = models.CharField(_("合并依据"), max_length=200)
    merged_by = models.CharField(_("合并人"), max_length=100, editable=False)
    filled = models.JSONField(default=dict, editable=False)
    undone_at = models.DateTimeField(null=True, editable=False)
    undo_reason = models.CharField(_("撤销原因"), max_length=200, blank=True, editable=False)

    TRAIL_HIDES = frozenset({"filled"})

    objects: ClassVar[MergeQuerySet] = MergeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("档案合并")
        constraints = [
            models.UniqueConstraint(
                fields=["loser"], condition=Q(undone_at=None), name="merge_loser_once"
            ),
            models.CheckConstraint(condition=~Q(survivor=F("loser")), name="merge_not_into_itself"),
        ]
        indexes = [models.Index(fields=["survivor", "-created_at"], name="merge_survivor")]

    def __str__(self) -> str:
        return f"{self.loser} → {self.survivor}"

    def get_absolute_url(self) -> str:
        return reverse("people:merge", args=[self.pk])

    def trail_person_id(self) -> UUID | None:
        return self.survivor_id


class MergeMove(models.Model):
    """One row that a merge met: moved to the survivor, or left because it would be there twice.

    `table` is the model's label, `field` the foreign key that was turned, `row` the row's key.
    """

    class Kind(models.TextChoices):
        MOVED = "moved", _("已并入")
        LEFT = "left", _("留在原档案")
        WIDENED = "widened", _("已合并到相同的一条")

    id = models.BigAutoField(primary_key=True)
    merge = models.ForeignKey(Merge, models.CASCADE, related_name="moves")
    kind = models.CharField(max_length=8, choices=Kind)
    table = models.CharField(max_length=80)
    field = models.CharField(max_length=60)
    row = models.CharField(max_length=40)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("合并明细")
        indexes = [models.Index(fields=["table", "row"], name="merge_move_row")]

    def __str__(self) -> str:
        return f"{self.table} {self.row} {self.kind}"
