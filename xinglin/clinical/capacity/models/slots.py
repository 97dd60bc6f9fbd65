"""A slot (号源): some places at one time. The count of those taken is held by the database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, NamedTuple
from uuid import UUID

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.capacity import catalogue
from xinglin.clinical.capacity.models.closures import Closure
from xinglin.clinical.capacity.models.schedules import Schedule
from xinglin.kernel import clock
from xinglin.kernel.access import NONE, Actor
from xinglin.kernel.records import Record
from xinglin.registry.organisations.models import Department, Organisation, tree
from xinglin.registry.staff.models import Practitioner

if TYPE_CHECKING:
    from typing import Self

HELD = "held"


class SlotQuerySet(models.QuerySet["Slot"]):
    def visible_to(self, actor: Actor) -> Self:
        """What can be booked is known in the whole county, and in no other."""
        if actor.county_id == NONE or not actor.may("capacity.read"):
            return self.none()
        return self.filter(county_id=actor.county_id)

    def open(self) -> Self:
        """Neither closed nor withdrawn from the pattern."""
        return self.filter(closure=None, withdrawn_at=None)

    def away(self) -> Self:
        """Those that fell away after they were laid out."""
        return self.filter(Q(closure__isnull=False) | Q(withdrawn_at__isnull=False))

    def for_channel(self, channel: str, at: datetime) -> Self:
        """Places that somebody who comes by this way may take at a moment."""
        mine = Q(kept_for__in=["", *catalogue.kept_for(channel)])
        return self.filter(mine | Q(opens_at__lte=at))

    def free(self, *, channel: str = "", at: datetime | None = None) -> Self:
        """Slots with a place to be had now, or at a moment; `channel` "" takes what is open to all.

        Bookings are not counted: the slot bears its own count. A hold whose time is over counts
        no more, even before the clock has swept it away; such holds are few and have an index.
        """
        moment = at or clock.now()
        return (
            self.open().filter(start_at__gt=moment).for_channel(channel, moment).with_room(moment)
        )

    def with_room(self, at: datetime) -> Self:
        """Slots whose count, or a hold whose time is over, leaves a place."""
        lapsed = Slot.objects.filter(bookings__state=HELD, bookings__expires_at__lte=at)
        return self.filter(Q(taken__lt=F("places")) | Q(pk__in=lapsed.order_by().values("pk")))

    def in_order(self) -> Self:
        return self.order_by("start_at", "id")


class Slot(Record):
    """Places at one time of one schedule, open to all or kept for one channel (`kept_for`).

    Places of two sorts at the same time are two slots, so that capacity and quota are the same
    promise: `taken` never exceeds `places`, which the database itself refuses. `opens_at` is the
    moment from which kept places are everybody's. House, department, kind, doctor and room are
    the schedule's, written here again, because a substitution changes them and a search by them
    must not join. Ends exclusive, times aware.
    """

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="slots",
        db_index=False,
        verbose_name=_("机构"),
    )
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        related_name="slots",
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("科室"),
    )
    schedule = models.ForeignKey(
        Schedule,
        models.PROTECT,
        related_name="slots",
        db_index=False,
        verbose_name=_("排班"),
    )
    kind = models.CharField(_("类别"), max_length=20)
    practitioner = models.ForeignKey(
        Practitioner,
        models.PROTECT,
        related_name="slots",
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("医生"),
    )
    place = models.CharField(_("诊室或设备"), max_length=40, blank=True)
    start_at = models.DateTimeField(_("开始时间"))
    end_at = models.DateTimeField(_("结束时间"))
    kept_for = models.CharField(_("预留渠道"), max_length=20, blank=True)
    opens_at = models.DateTimeField(_("开放时间"), null=True, blank=True)
    places = models.PositiveIntegerField(_("号数"))
    taken = models.PositiveIntegerField(_("已占"), default=0)
    closure = models.ForeignKey(
        Closure,
        models.PROTECT,
        related_name="slots",
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("停诊"),
    )
    withdrawn_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)

    objects: ClassVar[SlotQuerySet] = SlotQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("号源")
        constraints = [
            models.UniqueConstraint(
                fields=["schedule", "start_at", "kept_for"], name="slot_once_for_its_time"
            ),
            models.CheckConstraint(condition=Q(end_at__gt=F("start_at")), name="slot_has_length"),
            models.CheckConstraint(
                condition=Q(taken__lte=F("places")), name="slot_never_overbooked"
            ),
            models.CheckConstraint(
                condition=Q(kept_for="", opens_at=None)
                | (~Q(kept_for="") & Q(opens_at__isnull=False)),
                name="slot_kept_until_a_moment",
            ),
        ]
        # `taken` is in none of them: a booking then rewrites no index.
        indexes = [
            models.Index(
                fields=["department", "start_at"],
                name="slot_of_department",
                condition=Q(closure=None, withdrawn_at=None),
            ),
            models.Index(
                fields=["organisation", "kind", "start_at"],
                name="slot_of_house",
                condition=Q(closure=None, withdrawn_at=None),
            ),
            models.Index(
                fields=["practitioner", "start_at"],
                name="slot_of_practitioner",
                condition=Q(practitioner__isnull=False),
            ),
            models.Index(
                fields=["closure"], name="slot_closed", condition=Q(closure__isnull=False)
            ),
            models.Index(
                fields=["start_at"],
                name="slot_away",
                condition=Q(closure__isnull=False) | Q(withdrawn_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        start, end = timezone.localtime(self.start_at), timezone.localtime(self.end_at)
        return f"{start:%Y-%m-%d %H:%M}–{end:%H:%M}"

    @property
    def left(self) -> int:
        """Places left by the count; a hold whose time is over may leave one more."""
        return int(self.places - self.taken)

    @property
    def kind_label(self) -> str:
        return catalogue.label(catalogue.kinds(), self.kind)

    @property
    def kept_label(self) -> str:
        return catalogue.label(catalogue.channels(), self.kept_for) if self.kept_for else ""

    @property
    def house_name(self) -> str:
        return tree.name(self.organisation_id)

    @property
    def who(self) -> str:
        """Whom or what one comes to: the doctor, else the room, else the schedule's title."""
        if self.practitioner is not None:
            return self.practitioner.name
        return self.place or self.schedule.title


class FirstFree(NamedTuple):
    """The first free slot of a department: its id, and when it begins."""

    slot: UUID
    start_at: datetime


def first_free(
    departments: Iterable[UUID],
    *,
    channel: str = "",
    kinds: Iterable[str] = (),
    at: datetime | None = None,
) -> dict[UUID, FirstFree]:
    """The first free slot of each of these departments, in one query; none where there is none."""
    rows = Slot.objects.free(channel=channel, at=at).filter(department=OuterRef("pk"))
    wanted = list(kinds)
    if wanted:
        rows = rows.filter(kind__in=wanted)
    firsts = (
        Department.objects.filter(pk__in=list(departments))
        .annotate(first=Subquery(rows.in_order().values("pk")[:1]))
        .values("first")
    )
    found = Slot.objects.filter(pk__in=firsts).values_list("department_id", "id", "start_at")
    return {part: FirstFree(slot, start) for part, slot, start in found if part is not None}
