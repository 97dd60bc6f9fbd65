"""Organisations as a tree, and their departments."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from xinglin.kernel.access import Actor
from xinglin.kernel.records import Record
from xinglin.registry.organisations import catalogue, rules

if TYPE_CHECKING:
    from typing import Self


class Level(models.TextChoices):
    """Where a house stands in tiered care."""

    REGION = "region", _("县（市、区）")
    CONSORTIUM = "consortium", _("医共体")
    COUNTY = "county", _("县级医疗机构")
    TOWNSHIP = "township", _("乡镇卫生院")
    VILLAGE = "village", _("村卫生室")
    PHARMACY = "pharmacy", _("药店")
    CITY = "city", _("城市医院")
    OFFICE = "office", pgettext_lazy("level", "管理机构")


CARE_LEVELS = (Level.VILLAGE, Level.TOWNSHIP, Level.COUNTY, Level.CITY)


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def visible_to(self, actor: Actor) -> Self:
        """The directory of houses is open to every post of the county, and to no other."""
        if actor.county_id.int == 0:
            return self.none()
        return self.filter(Q(county_id=actor.county_id) | Q(pk=actor.county_id))

    def below(self, house: Organisation) -> Self:
        """The house and everything under it."""
        return self.filter(path__prefix=house.path)

    def giving_care(self) -> Self:
        return self.filter(level__in=CARE_LEVELS, closed_on=None)

    def standing(self) -> Self:
        """Without the houses that no longer work."""
        return self.filter(closed_on=None)

    def matching(self, text: str) -> Self:
        """Houses by part of the name, pinyin, initials, or the beginning of a code."""
        if not text.strip():
            return self
        rows = self.values_list("pk", "name", "short_name", "code", "credit_code")
        return self.filter(
            pk__in=[pk for pk, *rest in rows if rules.answers(text, rest[:2], rest[2:])]
        )

    def above(self, house: Organisation) -> Self:
        """The houses over this one, from the county down."""
        steps = range(5, len(house.path), 5)
        return self.filter(path__in=[house.path[:end] for end in steps]).order_by("path")

    def in_order(self) -> Self:
        return self.order_by("path")


class Organisation(Record):
    """A house: a region, a consortium, a hospital, a clinic, an office, a partner outside.

    `path` is the materialised path of four digits per level (`0001/0002/`); `county` is the
    region at the root, the wall between counties.
    """

    county = models.ForeignKey(
        "self", models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("所属县")
    )
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        related_name="children",
        null=True,
        blank=True,
        verbose_name=_("上级机构"),
    )
    path = models.CharField(max_length=60, unique=True, editable=False)
    code = models.CharField(_("机构代码"), max_length=22)
    name = models.CharField(_("机构名称"), max_length=70)
    short_name = models.CharField(_("简称"), max_length=30, blank=True)
    level = models.CharField(_("层级"), max_length=12, choices=Level)
    org_class = models.CharField(_("机构类别（WS 218）"), max_length=4, blank=True)
    credit_code = models.CharField(_("统一社会信用代码"), max_length=18, blank=True)
    insurance_code = models.CharField(_("医保机构编码"), max_length=12, blank=True)
    area_code = models.CharField(_("行政区划代码"), max_length=12, blank=True)
    leads = models.BooleanField(_("牵头医院"), default=False)
    outside = models.BooleanField(_("县域外合作机构"), default=False)
    address = models.CharField(_("地址"), max_length=200, blank=True)
    phone = models.CharField(_("电话"), max_length=20, blank=True)
    services = models.JSONField(_("服务范围"), default=list, blank=True)
    closed_on = models.DateField(_("停办日期"), null=True, blank=True)
    # Degrees in WGS 84, six decimals (about a decimetre); both or neither.
    latitude = models.DecimalField(_("纬度"), max_digits=8, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(
        _("经度"), max_digits=9, decimal_places=6, null=True, blank=True
    )

    objects: ClassVar[OrganisationQuerySet] = OrganisationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("机构")
        constraints = [
            models.UniqueConstraint(
                fields=["county", "credit_code"],
                condition=~Q(credit_code=""),
                name="organisation_credit_code_once",
            ),
            models.UniqueConstraint(fields=["county", "code"], name="organisation_code_once"),
            models.CheckConstraint(
                condition=Q(level=Level.REGION, parent=None, county=None)
                | (~Q(level=Level.REGION) & Q(parent__isnull=False, county__isnull=False)),
                name="organisation_has_its_place",
            ),
            models.CheckConstraint(
                condition=Q(parent=None) | ~Q(parent=F("id")), name="organisation_not_below_itself"
            ),
            models.CheckConstraint(
                condition=Q(latitude=None, longitude=None)
                | Q(latitude__gte=-90, latitude__lte=90, longitude__gte=-180, longitude__lte=180),
                name="organisation_lies_on_earth",
            ),
        ]

    def __str__(self) -> str:
        return self.short_name or self.name

    def get_absolute_url(self) -> str:
        return reverse("organisations:detail", args=[self.pk])

    def trail_county_id(self) -> UUID | None:
        return self.county_id or self.pk

    @property
    def region_id(self) -> UUID:
        return self.county_id or self.pk

    @property
    def position(self) -> tuple[float, float] | None:
        """Latitude and longitude in degrees, None where they are not known."""
        if self.latitude is None or self.longitude is None:
            return None
        return float(self.latitude), float(self.longitude)

    @property
    def class_name(self) -> str:
        return catalogue.classes().get(self.org_class, self.org_class)


class DepartmentQuerySet(models.QuerySet["Department"]):
    def visible_to(self, actor: Actor) -> Self:
        """As the directory of houses: open to the county, and to no other."""
        if actor.county_id.int == 0:
            return self.none()
        return self.filter(
            Q(organisation__county_id=actor.county_id) | Q(organisation_id=actor.county_id)
        )


class Department(Record):
    """A clinical department (科室) of a house."""

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="departments", verbose_name=_("机构")
    )
    code = models.CharField(_("科室代码"), max_length=20)
    name = models.CharField(_("科室名称"), max_length=50)
    takes_referrals = models.BooleanField(pgettext_lazy("department", "接收转诊"), default=True)
    closed_on = models.DateField(_("停用日期"), null=True, blank=True)

    objects: ClassVar[DepartmentQuerySet] = DepartmentQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("科室")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "code"], name="department_code_once")
        ]

    def __str__(self) -> str:
        return self.name

    def trail_county_id(self) -> UUID | None:
        return self.organisation.region_id


class CapabilityQuerySet(models.QuerySet["Capability"]):
    def visible_to(self, actor: Actor) -> Self:
        """As the directory of houses: open to the county, and to no other."""
        if actor.county_id.int == 0:
            return self.none()
        return self.filter(
            Q(organisation__county_id=actor.county_id) | Q(organisation_id=actor.county_id)
        )

    def in_force(self, day: date) -> Self:
        return self.filter(Q(until=None) | Q(until__gte=day), since__lte=day)

    def in_order(self) -> Self:
        return self.order_by("kind", "code", "-since", "-id")


class Capability(Record):
    """What a house has more, or less, than the houses of its level.

    Departments, techniques and equipment are codes of `catalogue/techniques.toml`; a disease is an
    ICD-10 code that the house adds to the list of its level (the N of 100+N and 50+N) or drops.
    """

    class Kind(models.TextChoices):
        DEPARTMENT = "department", pgettext_lazy("capability", "科室")
        TECHNIQUE = "technique", _("技术")
        EQUIPMENT = "equipment", _("设备")
        DISEASE = "disease", _("病种")

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="capabilities", verbose_name=_("机构")
    )
    kind = models.CharField(_("类别"), max_length=12, choices=Kind)
    code = models.CharField(_("代码"), max_length=30)
    name = models.CharField(_("名称"), max_length=100, blank=True)
    held = models.BooleanField(_("具备"), default=True)
    since = models.DateField(_("自"))
    until = models.DateField(_("至"), null=True, blank=True)
    basis = models.CharField(_("依据"), max_length=200, blank=True)

    objects: ClassVar[CapabilityQuerySet] = CapabilityQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("服务能力")
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="capability_ends_after_it_starts",
            ),
            models.UniqueConstraint(
                fields=["organisation", "kind", "code"],
                condition=Q(until=None),
                name="capability_stands_once",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def trail_county_id(self) -> UUID | None:
        return self.organisation.region_id

    @property
    def label(self) -> str:
        """What it is called; a disease by its name and code."""
        if self.kind == self.Kind.DISEASE:
            return f"{self.name} {self.code}".strip()
        return catalogue.ability_label(self.code)


@dataclass(frozen=True)
class Profile:
    """What a house can do on a day: codes of abilities, diseases added and dropped."""

    level: str
    has: frozenset[str]
    added: tuple[str, ...]
    dropped: tuple[str, ...]


def profiles(houses: list[Organisation], day: date) -> dict[UUID, Profile]:
    """What houses can do, in two queries: by their level, their departments, and what they said."""
    found: dict[UUID, set[str]] = {
        house.pk: set(catalogue.abilities_of_level(house.level)) for house in houses
    }
    added: dict[UUID, list[str]] = {house.pk: [] for house in houses}
    dropped: dict[UUID, list[str]] = {house.pk: [] for house in houses}
    named = {
        name: each.code
        for each in catalogue.abilities().values()
        if each.kind == Capability.Kind.DEPARTMENT
        for name in (each.zh, *each.also)
    }
    departments = Department.objects.filter(organisation__in=found, closed_on=None)
    for house_id, name in departments.values_list("organisation_id", "name"):
        if name in named:
            found[house_id].add(named[name])
    rows = Capability.objects.filter(organisation__in=found).in_force(day)
    for row in rows.order_by("since", "id"):
        if row.kind == Capability.Kind.DISEASE:
            (added if row.held else dropped)[row.organisation_id].append(row.code)
        elif row.held:
            found[row.organisation_id].add(row.code)
        else:
            found[row.organisation_id].discard(row.code)
    return {
        house.pk: Profile(
            house.level,
            frozenset(found[house.pk]),
            tuple(added[house.pk]),
            tuple(dropped[house.pk]),
        )
        for house in houses
    }


class Tree:
    """The whole tree in memory: some hundred houses that nearly every request asks about.

    Read again at most every `LASTS` seconds, and at once after a change in this process.
    """

    LASTS = 15.0

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._rows: dict[UUID, Organisation] = {}
        self._paths: dict[str, UUID] = {}

    def forget(self) -> None:
        self._read_at = float("-inf")

    def rows(self) -> dict[UUID, Organisation]:
        now = time.monotonic()
        if now - self._read_at > self.LASTS:
            with self._lock:
                rows = {row.pk: row for row in Organisation.objects.order_by("path")}
                self._paths = {row.path: row.pk for row in rows.values()}
                self._rows, self._read_at = rows, now
        return self._rows

    def get(self, org_id: UUID | None) -> Organisation | None:
        if org_id is None:
            return None
        found = self.rows().get(org_id)
        if found is None:
            # Made by another process a moment ago.
            found = Organisation.objects.filter(pk=org_id).first()
        return found

    def name(self, org_id: UUID | None) -> str:
        house = self.get(org_id)
        return str(house) if house else ""

    def subtree(self, org_id: UUID) -> frozenset[UUID]:
        house = self.get(org_id)
        if house is None:
            return frozenset()
        return frozenset(row.pk for row in self.rows().values() if row.path.startswith(house.path))

    def above(self, org_id: UUID, level: str) -> UUID | None:
        """The nearest house of a level at or above this one."""
        house = self.get(org_id)
        while house is not None and house.level != level:
            house = self.get(house.parent_id)
        return house.pk if house else None


tree = Tree()


class TravelTimeQuerySet(models.QuerySet["TravelTime"]):
    def visible_to(self, actor: Actor) -> Self:
        """As the directory of houses: open to the county, and to no other."""
        if actor.county_id.int == 0:
            return self.none()
        return self.filter(county_id=actor.county_id)

    def in_order(self) -> Self:
        return self.order_by("from_org__path", "to_org__path", "id")


class TravelTime(Record):
    """How long the way between two houses takes, as somebody who knows it says.

    It holds for the way back, too, unless that has an entry of its own.
    """

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+", editable=False)
    from_org = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("出发机构")
    )
    to_org = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("到达机构")
    )
    minutes = models.PositiveSmallIntegerField(_("路程（分钟）"))
    note = models.CharField(_("备注"), max_length=200, blank=True)

    objects: ClassVar[TravelTimeQuerySet] = TravelTimeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("机构间路程")
        constraints = [
            models.UniqueConstraint(fields=["from_org", "to_org"], name="travel_time_once"),
            models.CheckConstraint(
                condition=~Q(from_org=F("to_org")), name="travel_time_leaves_the_house"
            ),
            models.CheckConstraint(
                condition=Q(minutes__gte=1, minutes__lte=1440), name="travel_time_within_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{tree.name(self.from_org_id)} → {tree.name(self.to_org_id)}"


class Travel:
    """The ways between houses in memory: what was entered, else an estimate by distance.

    Read again at most every `LASTS` seconds, and at once after a change in this process.
    """

    LASTS = 15.0

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._told: dict[tuple[UUID, UUID], int] = {}

    def forget(self) -> None:
        self._read_at = float("-inf")

    def _entries(self) -> dict[tuple[UUID, UUID], int]:
        now = time.monotonic()
        if now - self._read_at > self.LASTS:
            with self._lock:
                rows = TravelTime.objects.values_list("from_org_id", "to_org_id", "minutes")
                told = {(source, target): minutes for source, target, minutes in rows}
                self._told, self._read_at = told, now
        return self._told

    def between(self, from_id: UUID, to_id: UUID) -> rules.Way | None:
        """The way from a house to another, None where neither is known of it."""
        if from_id == to_id:
            return rules.Way(minutes=0, kilometres=0.0, entered=False)
        told = self._entries()
        entered = told.get((from_id, to_id), told.get((to_id, from_id)))
        source, target = tree.get(from_id), tree.get(to_id)
        here, there = (each.position if each else None for each in (source, target))
        kilometres = rules.road_kilometres(here, there) if here and there else None
        if entered is not None:
            return rules.Way(minutes=entered, kilometres=kilometres, entered=True)
        if kilometres is None:
            return None
        return rules.Way(rules.road_minutes(kilometres), kilometres, entered=False)

    def minutes(self, from_id: UUID, to_id: UUID) -> int | None:
        """Minutes by road from a house to another; None where nothing is known."""
        found = self.between(from_id, to_id)
        return found.minutes if found else None


travel = Travel()


def line_of(org_id: UUID) -> list[Organisation]:
    """A house and those above it that give care, from itself up."""
    found = []
    house = tree.get(org_id)
    while house is not None:
        if house.level in CARE_LEVELS:
            found.append(house)
        house = tree.get(house.parent_id)
    return found
