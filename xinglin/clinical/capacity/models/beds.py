"""Wards, their rooms and beds, and how many of them are free."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Count, Exists, FilteredRelation, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.capacity import catalogue
from xinglin.kernel import clock
from xinglin.kernel.access import Actor
from xinglin.kernel.records import Record, Staged
from xinglin.registry.organisations.models import Department, Organisation
from xinglin.registry.people.models import Sex

if TYPE_CHECKING:
    from typing import Self


class RoomSex(models.TextChoices):
    """Who may lie in a room. In a shared room who came first decides."""

    MALE = "male", _("男")
    FEMALE = "female", _("女")
    SAME = "same", _("男女均可，同室同性别")
    EITHER = "either", _("不限")


class BedKind(models.TextChoices):
    GENERAL = "general", _("普通床")
    ICU = "icu", _("重症监护床")
    ISOLATION = "isolation", _("隔离床")
    GP = "gp", _("全科床")
    MATERNITY = "maternity", _("产科床")
    CHILD = "child", _("儿科床")
    OBSERVATION = "observation", _("留观床")
    EXTRA = "extra", _("加床")


class BedState(models.TextChoices):
    FREE = "free", pgettext_lazy("bed", "空床")
    HELD = "held", pgettext_lazy("bed", "预留")
    OCCUPIED = "occupied", pgettext_lazy("bed", "占用")
    CLEANING = "cleaning", pgettext_lazy("bed", "待清洁")
    BLOCKED = "blocked", pgettext_lazy("bed", "停用")
    CLOSED = "closed", pgettext_lazy("bed", "撤床")


# Given only where they are asked for.
SPECIAL = (BedKind.ICU, BedKind.ISOLATION)
UNKNOWN_SEX = "0"

# Rooms in which somebody of a sex may lie without further ado.
OPEN_TO = {
    Sex.MALE: (RoomSex.MALE, RoomSex.EITHER),
    Sex.FEMALE: (RoomSex.FEMALE, RoomSex.EITHER),
}


class PlaceQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> Self:
        """As the directory of houses: open to the county, and to no other. No person is in it."""
        if actor.county_id.int == 0:
            return self.none()
        return self.filter(county_id=actor.county_id)


class WardQuerySet(PlaceQuerySet):
    def standing(self) -> Self:
        return self.filter(closed_on=None)

    def in_order(self) -> Self:
        return self.order_by("organisation__path", "code", "id")


class Ward(Record):
    """A ward (病区): rooms and beds under one head nurse, of a department of the house."""

    county = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("所属县")
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="wards", verbose_name=_("机构")
    )
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="wards", verbose_name=_("科室")
    )
    code = models.CharField(_("病区代码"), max_length=20)
    name = models.CharField(_("病区名称"), max_length=50)
    place = models.CharField(_("位置"), max_length=60, blank=True)
    phone = models.CharField(_("护士站电话"), max_length=20, blank=True)
    closed_on = models.DateField(_("停用日期"), null=True, blank=True)

    objects: ClassVar[WardQuerySet] = WardQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("病区")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "code"], name="ward_code_once")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("capacity:beds-ward", args=[self.pk])


class Room(Record):
    """A room of a ward, and who may lie in it."""

    county = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("所属县")
    )
    ward = models.ForeignKey(Ward, models.PROTECT, related_name="rooms", verbose_name=_("病区"))
    number = models.CharField(_("病室号"), max_length=10)
    sex = models.CharField(_("收治性别"), max_length=6, choices=RoomSex, default=RoomSex.SAME)

    objects: ClassVar[PlaceQuerySet] = PlaceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("病室")
        constraints = [models.UniqueConstraint(fields=["ward", "number"], name="room_number_once")]

    def __str__(self) -> str:
        return gettext("%(number)s 室") % {"number": self.number}


@dataclass(frozen=True)
class FreeBeds:
    """How a ward stands: beds by state, and those that are free for men and for women."""

    organisation_id: UUID
    ward_id: UUID
    ward: str
    department_id: UUID
    department: str
    beds: int
    free: int
    held: int
    occupied: int
    cleaning: int
    blocked: int
    men: int
    women: int
    today: int
    tomorrow: int

    @property
    def rate(self) -> float | None:
        """Occupied of all beds that are in use, in per cent."""
        usable = self.beds - self.blocked
        return 100 * self.occupied / usable if usable else None

    @property
    def soon(self) -> int:
        """Free now, or planned to be free by the end of tomorrow."""
        return self.free + self.cleaning + self.today + self.tomorrow


class BedQuerySet(PlaceQuerySet):
    def standing(self) -> Self:
        """Without the beds that were taken away."""
        return self.exclude(state=BedState.CLOSED)

    def free(
        self,
        *,
        sex: str = "",
        kind: str = "",
        ward: Ward | None = None,
        organisation: Organisation | None = None,
    ) -> Self:
        """Beds that may be given now, as far as asked: to a sex, of a kind, in a ward or house.

        A room for either sex is open to the sex of those who lie in it or are expected.
        """
        found = self.filter(state=BedState.FREE)
        if ward is not None:
            found = found.filter(ward=ward)
        if organisation is not None:
            found = found.filter(organisation=organisation)
        if kind:
            found = found.filter(kind=kind)
        return found.suiting(sex) if sex else found

    def suiting(self, sex: str) -> Self:
        """Beds in whose room somebody of this sex may lie, as it is now."""
        return self.filter(_open_to(sex))

    def in_order(self) -> Self:
        return self.order_by("ward__code", "room__number", "place", "number", "id")

    def free_of(self, departments: Iterable[UUID], *, sex: str) -> list[tuple[UUID, UUID, int]]:
        """Department, ward and how many beds are free there for a sex; only where there is one.

        Beds that are asked for by name, intensive care and isolation, are not counted. Reads the
        free beds and who lies beside them now.
        """
        rows = self.free(sex=sex or UNKNOWN_SEX).filter(
            ward__department__in=list(departments), ward__closed_on=None
        )
        counted = rows.exclude(kind__in=SPECIAL).values("ward__department_id", "ward_id")
        return list(
            counted.annotate(count=Count("id"))
            .order_by("ward__department_id", "ward_id")
            .values_list("ward__department_id", "ward_id", "count")
        )

    def by_ward(
        self, houses: Iterable[UUID] | None = None, on: date | None = None
    ) -> list[FreeBeds]:
        """How each ward stands, in one query; `houses` None for all that the rows hold.

        Reads the beds and who lies in them now; how many have lain there does not matter.
        """
        day = on or timezone.localdate(clock.now())
        rows = self.standing()
        if houses is not None:
            rows = rows.filter(organisation__in=list(houses))
        free = Q(state=BedState.FREE)
        leaves = Q(state=BedState.OCCUPIED)
        found = (
            rows.annotate(
                lying=FilteredRelation(
                    "stays", condition=Q(stays__until=None, stays__voided_at=None)
                )
            )
            .values(
                "organisation_id",
                "ward_id",
                "ward__name",
                "ward__code",
                "ward__department_id",
                "ward__department__name",
            )
            .annotate(
                beds=Count("id"),
                free=Count("id", filter=free),
                held=Count("id", filter=Q(state=BedState.HELD)),
                occupied=Count("id", filter=Q(state=BedState.OCCUPIED)),
                cleaning=Count("id", filter=Q(state=BedState.CLEANING)),
                blocked=Count("id", filter=Q(state=BedState.BLOCKED)),
                men=Count("id", filter=free & _open_to(Sex.MALE)),
                women=Count("id", filter=free & _open_to(Sex.FEMALE)),
                today=Count("id", filter=leaves & Q(lying__planned_on__lte=day)),
                tomorrow=Count("id", filter=leaves & Q(lying__planned_on=day + timedelta(days=1))),
            )
            .order_by("organisation_id", "ward__code", "ward_id")
        )
        return [
            FreeBeds(
                ward=row.pop("ward__name"),
                department_id=row.pop("ward__department_id"),
                department=row.pop("ward__department__name"),
                **{name: value for name, value in row.items() if name != "ward__code"},
            )
            for row in found
        ]


def _open_to(sex: str) -> Q:
    """Beds in whose room somebody of this sex may lie."""
    if sex not in OPEN_TO:
        # Of an unknown sex: only where it does not matter.
        return Q(room__sex=RoomSex.EITHER)
    shared = Q(room__sex=RoomSex.SAME)
    for others in _others_in("room_id", sex):
        shared &= ~Q(Exists(others))
    return Q(room__sex__in=OPEN_TO[Sex(sex)]) | shared


def _others_in(room: str, sex: str) -> tuple[models.QuerySet[Bed], models.QuerySet[Bed]]:
    """Beds of the room in `room` in which somebody not of this sex lies, and is expected.

    Two questions, so that each is answered from the index of what is now: past stays do not count.
    """
    others = [other for other in Sex.values if other != sex]
    rows = Bed.objects.filter(room_id=OuterRef(room), state__in=GIVEN)
    return (
        rows.filter(stays__until=None, stays__voided_at=None, stays__person__sex__in=others),
        rows.filter(holds__state="standing", holds__person__sex__in=others),
    )


class Bed(Staged):
    """A bed: where it stands, what it is for, and whether it can be given.

    Who lies in it or is expected is told by `BedStay` and `BedHold`; acts keep `state` true to
    them in the same transaction. `since` is when it came into its state; `until` the moment up
    to which it is blocked.
    """

    MOVES = {
        BedState.FREE: {
            BedState.HELD,
            BedState.OCCUPIED,
            BedState.CLEANING,
            BedState.BLOCKED,
            BedState.CLOSED,
        },
        BedState.HELD: {BedState.FREE, BedState.OCCUPIED},
        BedState.OCCUPIED: {BedState.CLEANING, BedState.FREE, BedState.CLOSED, BedState.OCCUPIED},
        BedState.CLEANING: {BedState.FREE, BedState.BLOCKED, BedState.CLOSED},
        BedState.BLOCKED: {BedState.FREE, BedState.CLEANING, BedState.CLOSED},
        BedState.CLOSED: {BedState.FREE},
    }

    county = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("所属县")
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="beds", verbose_name=_("机构")
    )
    ward = models.ForeignKey(Ward, models.PROTECT, related_name="beds", verbose_name=_("病区"))
    room = models.ForeignKey(Room, models.PROTECT, related_name="beds", verbose_name=_("病室"))
    number = models.CharField(_("床号"), max_length=10)
    # So that bed 10 comes after bed 9, whatever stands before the digits.
    place = models.PositiveIntegerField(default=0, editable=False)
    kind = models.CharField(_("床位类型"), max_length=12, choices=BedKind, default=BedKind.GENERAL)
    state = models.CharField(
        _("状态"), max_length=10, choices=BedState, default=BedState.FREE, editable=False
    )
    since = models.DateTimeField(_("状态起始"), default=clock.now, editable=False)
    until = models.DateTimeField(_("停用至"), null=True, blank=True)
    reason_code = models.CharField(_("停用原因"), max_length=20, blank=True)
    reason_text = models.CharField(_("说明"), max_length=200, blank=True)

    objects: ClassVar[BedQuerySet] = BedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("床位")
        constraints = [
            models.UniqueConstraint(
                fields=["ward", "number"],
                condition=~Q(state="closed"),
                name="bed_number_once",
            ),
            models.CheckConstraint(
                condition=Q(state="blocked") & ~Q(reason_code="")
                | ~Q(state="blocked") & Q(reason_code="", reason_text="", until=None),
                name="bed_blocked_with_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "ward", "state"], name="bed_house"),
            models.Index(fields=["until"], name="bed_blocked", condition=Q(state="blocked")),
        ]

    def __str__(self) -> str:
        return gettext("%(number)s 床") % {"number": self.number}

    def get_absolute_url(self) -> str:
        return f"{reverse('capacity:beds-ward', args=[self.ward_id])}?bed={self.pk}"

    @property
    def full_name(self) -> str:
        """Where it stands, for people of another ward or house."""
        return gettext("%(ward)s %(bed)s") % {"ward": self.ward, "bed": self}

    @property
    def reason_label(self) -> str:
        return catalogue.said("block", self.reason_code, self.reason_text)


# States in which a bed belongs to somebody.
GIVEN = (BedState.OCCUPIED, BedState.HELD)
