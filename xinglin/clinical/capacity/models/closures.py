"""Closures (停诊) and substitutions (替诊): what takes slots away or changes who stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.capacity import catalogue
from xinglin.clinical.capacity.models.schedules import Schedule
from xinglin.kernel.access import NONE, Actor
from xinglin.kernel.records import Record
from xinglin.registry.organisations.models import Department, Organisation
from xinglin.registry.staff.models import Practitioner

if TYPE_CHECKING:
    from typing import Self


class ClosureQuerySet(models.QuerySet["Closure"]):
    def visible_to(self, actor: Actor) -> Self:
        if actor.county_id == NONE or not actor.may("capacity.read"):
            return self.none()
        return self.filter(county_id=actor.county_id)

    def standing(self) -> Self:
        return self.filter(lifted_at=None)


class Closure(Record):
    """A house, a department, a schedule or a person that cannot be booked for a time, and why.

    The narrowest of what is named counts. `lifted_at`: since when it holds no more.
    """

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+", editable=False)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="closures", verbose_name=_("机构")
    )
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("科室"),
    )
    schedule = models.ForeignKey(
        Schedule,
        models.PROTECT,
        related_name="closures",
        null=True,
        blank=True,
        verbose_name=_("排班"),
    )
    practitioner = models.ForeignKey(
        Practitioner,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("医生"),
    )
    start_at = models.DateTimeField(_("停诊开始"))
    end_at = models.DateTimeField(_("停诊结束"))
    reason = models.CharField(_("停诊原因"), max_length=20)
    text = models.CharField(_("说明"), max_length=200, blank=True)
    closed_by = models.CharField(_("停诊人"), max_length=50, blank=True, editable=False)
    lifted_at = models.DateTimeField(_("恢复时间"), null=True, blank=True, editable=False)

    objects: ClassVar[ClosureQuerySet] = ClosureQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("停诊")
        constraints = [
            models.CheckConstraint(
                condition=Q(end_at__gt=F("start_at")), name="closure_ends_after_it_begins"
            )
        ]
        indexes = [models.Index(fields=["organisation", "-start_at"], name="closure_house")]

    def __str__(self) -> str:
        whole = self.schedule or self.practitioner or self.department or self.organisation
        return str(whole)

    @property
    def reason_label(self) -> str:
        return catalogue.said("close", self.reason, self.text)

    def covers(self) -> Q:
        """The filter of the slots it takes away."""
        found = Q(
            organisation_id=self.organisation_id,
            start_at__lt=self.end_at,
            end_at__gt=self.start_at,
        )
        for name in ("department_id", "schedule_id", "practitioner_id"):
            if getattr(self, name) is not None:
                found &= Q(**{name: getattr(self, name)})
        return found


class SubstitutionQuerySet(models.QuerySet["Substitution"]):
    def visible_to(self, actor: Actor) -> Self:
        if actor.county_id == NONE or not actor.may("capacity.read"):
            return self.none()
        return self.filter(schedule__county_id=actor.county_id)


class Substitution(Record):
    """Another doctor, another room, or both, for the slots of a schedule that begin in a time."""

    schedule = models.ForeignKey(
        Schedule, models.PROTECT, related_name="substitutions", verbose_name=_("排班")
    )
    start_at = models.DateTimeField(_("开始时间"))
    end_at = models.DateTimeField(_("结束时间"))
    practitioner = models.ForeignKey(
        Practitioner,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("替诊医生"),
    )
    place = models.CharField(_("改到诊室或设备"), max_length=40, blank=True)
    text = models.CharField(_("说明"), max_length=200, blank=True)

    objects: ClassVar[SubstitutionQuerySet] = SubstitutionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("替诊")
        constraints = [
            models.CheckConstraint(
                condition=Q(end_at__gt=F("start_at")), name="substitution_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(practitioner__isnull=False) | ~Q(place=""),
                name="substitution_changes_something",
            ),
        ]
        indexes = [models.Index(fields=["schedule", "start_at"], name="substitution_of")]

    def __str__(self) -> str:
        return f"{self.schedule} → {self.practitioner or self.place}"

    def covers(self) -> Q:
        """The filter of the slots it changes."""
        return Q(
            schedule_id=self.schedule_id, start_at__gte=self.start_at, start_at__lt=self.end_at
        )

    def trail_county_id(self) -> UUID | None:
        return self.schedule.county_id
