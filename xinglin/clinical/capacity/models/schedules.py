"""A schedule (排班): who or what can be booked, in which hours of the week, until when."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.capacity import catalogue, rules
from xinglin.kernel import parameters
from xinglin.kernel.access import NONE, Actor
from xinglin.kernel.records import Record
from xinglin.registry.organisations.models import Department, Organisation, tree
from xinglin.registry.staff.models import Practitioner

if TYPE_CHECKING:
    from typing import Self


WEEKDAYS = (
    (1, _("周一")),
    (2, _("周二")),
    (3, _("周三")),
    (4, _("周四")),
    (5, _("周五")),
    (6, _("周六")),
    (7, _("周日")),
)


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def visible_to(self, actor: Actor) -> Self:
        """What can be booked is known in the whole county, and in no other."""
        if actor.county_id == NONE or not actor.may("capacity.read"):
            return self.none()
        return self.filter(county_id=actor.county_id)

    def standing(self, on: date) -> Self:
        """Those that are not over on a day."""
        return self.filter(Q(until=None) | Q(until__gte=on))

    def in_order(self) -> Self:
        return self.order_by("organisation__path", "department__code", "kind", "title", "id")


class Schedule(Record):
    """One line of bookable hours of a house: a doctor's clinic, an expert's, a machine's.

    `quotas` tells how many percent of the places are kept for a channel, as {"referral": 20};
    kept places are open to everybody `release_hours` before they begin (None: as the parameter
    `capacity.release_hours` says). `fee` in yuan. `laid_until` is the last day that has slots.
    """

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+", editable=False)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="schedules", verbose_name=_("机构")
    )
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        related_name="schedules",
        null=True,
        blank=True,
        verbose_name=_("科室"),
    )
    kind = models.CharField(_("类别"), max_length=20)
    practitioner = models.ForeignKey(
        Practitioner,
        models.PROTECT,
        related_name="schedules",
        null=True,
        blank=True,
        verbose_name=_("医生"),
    )
    place = models.CharField(_("诊室或设备"), max_length=40, blank=True)
    title = models.CharField(_("号别名称"), max_length=40)
    fee = models.DecimalField(_("挂号费"), max_digits=8, decimal_places=2, default=0)
    since = models.DateField(_("生效日期"))
    until = models.DateField(_("截止日期"), null=True, blank=True)
    quotas = models.JSONField(_("渠道预留比例"), default=dict, blank=True)
    release_hours = models.PositiveSmallIntegerField(_("预留提前开放"), null=True, blank=True)
    laid_until = models.DateField(null=True, blank=True, editable=False)

    objects: ClassVar[ScheduleQuerySet] = ScheduleQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("排班")
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="schedule_ends_after_it_begins",
            ),
            models.CheckConstraint(condition=Q(fee__gte=0), name="schedule_fee_not_negative"),
        ]
        indexes = [
            models.Index(fields=["organisation", "kind"], name="schedule_house"),
            models.Index(fields=["laid_until"], name="schedule_to_lay_out"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("capacity:schedule", args=[self.pk])

    @property
    def kind_label(self) -> str:
        return catalogue.label(catalogue.kinds(), self.kind)

    @property
    def house_name(self) -> str:
        return tree.name(self.organisation_id)

    @property
    def opens_hours(self) -> int:
        """Hours before a slot begins at which its kept places are everybody's."""
        if self.release_hours is not None:
            return int(self.release_hours)
        return int(parameters.get("capacity.release_hours"))

    @property
    def kept(self) -> list[tuple[str, int]]:
        """The channels with kept places, in words, and their percentage."""
        known = catalogue.channels()
        return [(catalogue.label(known, code), share) for code, share in self.quotas.items()]

    def patterns(self) -> list[rules.Pattern]:
        return [session.pattern for session in self.sessions.all()]


class Session(models.Model):
    """Hours of a weekday, or of one odd day whose sessions replace those of its weekday."""

    schedule = models.ForeignKey(
        Schedule, models.CASCADE, related_name="sessions", verbose_name=_("排班")
    )
    weekday = models.PositiveSmallIntegerField(_("星期"), null=True, blank=True)
    day = models.DateField(_("日期"), null=True, blank=True)
    start = models.TimeField(_("开始"))
    end = models.TimeField(_("结束"))
    minutes = models.PositiveSmallIntegerField(_("每段分钟"))
    places = models.PositiveSmallIntegerField(_("每段号数"))

    class Meta:
        verbose_name = _("出诊时间")
        ordering = ["weekday", "day", "start"]
        constraints = [
            models.CheckConstraint(
                condition=Q(weekday__isnull=False, day=None, weekday__gte=1, weekday__lte=7)
                | Q(weekday=None, day__isnull=False),
                name="session_of_a_weekday_or_a_day",
            ),
            models.CheckConstraint(
                condition=Q(minutes__gt=0, places__gt=0), name="session_has_places"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.start:%H:%M}–{self.end:%H:%M}"

    @property
    def pattern(self) -> rules.Pattern:
        return rules.Pattern(
            self.weekday, self.day, self.start, self.end, self.minutes, self.places
        )
