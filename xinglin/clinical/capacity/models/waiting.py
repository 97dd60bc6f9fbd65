"""The waiting list (候补): who takes the next place that is freed."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from xinglin.clinical.capacity import catalogue
from xinglin.clinical.capacity.models.bookings import LIVE, Booking, State
from xinglin.clinical.capacity.models.schedules import Schedule
from xinglin.clinical.capacity.models.slots import Slot, SlotQuerySet
from xinglin.kernel import clock
from xinglin.kernel.access import Actor, Reach
from xinglin.kernel.records import Workflow
from xinglin.registry.organisations.models import Department, Organisation, tree
from xinglin.registry.people.models import Person

if TYPE_CHECKING:
    from typing import Self


LET_GO = (State.EXPIRED, State.RELEASED, State.CANCELLED)


class Priority(models.IntegerChoices):
    EMERGENCY = 1, pgettext_lazy("waiting", "急")
    URGENT = 2, pgettext_lazy("waiting", "优先")
    ROUTINE = 3, pgettext_lazy("waiting", "普通")


class WaitState(models.TextChoices):
    WAITING = "waiting", _("候补中")
    OFFERED = "offered", _("有号待确认")
    SERVED = "served", _("已补上")
    LEFT = "left", _("已退出")


class WaitingQuerySet(models.QuerySet["Waiting"]):
    def visible_to(self, actor: Actor) -> Self:
        """The house that is waited for and the house that asked."""
        if actor.reach is Reach.NOTHING or not actor.may("capacity.read"):
            return self.none()
        return self.filter(actor.within("organisation", "asked_by"))

    def open(self) -> Self:
        return self.filter(state__in=(WaitState.WAITING, WaitState.OFFERED))

    def in_order(self) -> Self:
        """Priority first, then since when they stand in the line."""
        return self.order_by("priority", "queued_at", "id")

    def wanting(self, slot: Slot, at: datetime, *, elsewhere: bool) -> Self:
        """Those who wait for a place like this one, who comes first in front.

        `elsewhere` asks for those who have another place of that kind at that time.
        """
        day = timezone.localdate(slot.start_at)
        others = Booking.objects.filter(
            person=OuterRef("person"), kind=slot.kind, state__in=(*LIVE, State.ARRIVED)
        )
        busy = Exists(others.overlapping(slot.start_at, slot.end_at))
        return (
            self.filter(
                Q(schedule=None) | Q(schedule=slot.schedule_id),
                Q(department=None) | Q(department=slot.department_id),
                Q(until=None) | Q(until__gte=day),
                state=WaitState.WAITING,
                channel__in=_channels_of(slot, at),
                organisation=slot.organisation_id,
                kind=slot.kind,
                since__lte=day,
            )
            # Whoever let this very place go is not asked about it again.
            .exclude(
                person__in=Booking.objects.filter(slot=slot, state__in=LET_GO).values("person")
            )
            .filter(busy if elsewhere else ~busy)
            .in_order()
        )


def _channels_of(slot: Slot, at: datetime) -> list[str]:
    """By which ways a place may be taken at a moment."""
    known = list(catalogue.channels())
    if not slot.kept_for or (slot.opens_at is not None and slot.opens_at <= at):
        return known
    return [code for code in known if slot.kept_for in catalogue.kept_for(code)]


class Waiting(Workflow):
    """Somebody who takes a place of a schedule, a department or a kind as soon as one is free.

    `queued_at` is the place in the line: whoever lets an offer lapse goes to its end. While a
    place is offered (`booking` is the hold), the house that asked owes an answer. `missed` is the
    last place that came free while they had another one at that time.
    """

    MOVES = {
        WaitState.WAITING: {WaitState.OFFERED, WaitState.LEFT, WaitState.SERVED},
        WaitState.OFFERED: {WaitState.SERVED, WaitState.WAITING, WaitState.LEFT},
    }
    inbox_kind = "waiting"

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+", editable=False)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="waiting", verbose_name=_("候补机构")
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
        related_name="waiting",
        null=True,
        blank=True,
        verbose_name=_("排班"),
    )
    kind = models.CharField(_("类别"), max_length=20)
    person = models.ForeignKey(
        Person, models.PROTECT, related_name="waiting", verbose_name=_("患者")
    )
    channel = models.CharField(_("预约渠道"), max_length=20)
    priority = models.PositiveSmallIntegerField(
        _("优先级"), choices=Priority, default=Priority.ROUTINE
    )
    since = models.DateField(_("期望日期起"))
    until = models.DateField(_("期望日期止"), null=True, blank=True)
    asked_by = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("登记机构")
    )
    owner = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", null=True, editable=False
    )
    state = models.CharField(_("状态"), max_length=10, choices=WaitState, default=WaitState.WAITING)
    queued_at = models.DateTimeField(_("排队时间"), default=clock.now, editable=False)
    offers = models.PositiveSmallIntegerField(_("已放号次数"), default=0, editable=False)
    booking = models.ForeignKey(
        Booking, models.PROTECT, related_name="waiting", null=True, blank=True, editable=False
    )
    missed = models.ForeignKey(
        Slot, models.PROTECT, related_name="+", null=True, editable=False, db_index=False
    )
    note = models.CharField(_("备注"), max_length=200, blank=True)
    end_code = models.CharField(_("退出原因"), max_length=20, blank=True)

    objects: ClassVar[WaitingQuerySet] = WaitingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("候补")
        constraints = [
            *Workflow.promises(Q(state="offered"), "waiting"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="waiting_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=~Q(state="offered") | Q(booking__isnull=False),
                name="waiting_offered_has_a_place",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "kind", "priority", "queued_at"],
                name="waiting_line",
                condition=Q(state="waiting"),
            ),
            models.Index(fields=["asked_by", "state"], name="waiting_asked_by"),
        ]

    def __str__(self) -> str:
        return f"{self.kind_label}候补"

    @property
    def kind_label(self) -> str:
        return catalogue.label(catalogue.kinds(), self.kind)

    @property
    def what(self) -> str:
        """What is waited for, from the widest to the narrowest."""
        parts = (tree.name(self.organisation_id), self.department, self.schedule or self.kind_label)
        return " · ".join(str(part) for part in parts if part)

    def fitting(self, slots: SlotQuerySet) -> SlotQuerySet:
        """Of these slots, those that the person did not let go and has no other place at."""
        mine = Booking.objects.filter(person=self.person_id)
        busy = mine.filter(kind=self.kind, state__in=(*LIVE, State.ARRIVED)).filter(
            start_at__lt=OuterRef("end_at"), end_at__gt=OuterRef("start_at")
        )
        let_go = mine.filter(slot=OuterRef("pk"), state__in=LET_GO)
        return slots.filter(~Exists(busy), ~Exists(let_go))

    def wanted(self, today: date) -> SlotQuerySet:
        """The slots that would do, free or not; past the last wanted day none."""
        found = Slot.objects.filter(organisation=self.organisation_id, kind=self.kind)
        if self.department_id is not None:
            found = found.filter(department=self.department_id)
        if self.schedule_id is not None:
            found = found.filter(schedule=self.schedule_id)
        found = found.filter(start_at__date__gte=max(self.since, today))
        return found.filter(start_at__date__lte=self.until) if self.until else found

    def inbox_facts(self) -> dict[str, Any]:
        return {
            "title": f"{self.person.name} · {self.what}"[:200],
            "detail": str(self.booking) if self.booking else "",
            "urgency": {1: "emergency", 2: "urgent"}.get(self.priority, "routine"),
            "county_id": self.county_id,
        }
