"""A booking (预约): a place held or booked for a person, until it is used, given back or missed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from xinglin.clinical.capacity import catalogue
from xinglin.clinical.capacity.models.slots import Slot
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor, Reach
from xinglin.kernel.records import Workflow
from xinglin.registry.organisations.models import Organisation, tree
from xinglin.registry.people.models import Person

if TYPE_CHECKING:
    from typing import Self


class State(models.TextChoices):
    HELD = "held", pgettext_lazy("booking", "占号中")
    BOOKED = "booked", pgettext_lazy("booking", "已预约")
    DISPLACED = "displaced", _("停诊待改约")
    ARRIVED = "arrived", pgettext_lazy("booking", "已到")
    NO_SHOW = "no-show", _("爽约")
    CANCELLED = "cancelled", pgettext_lazy("booking", "已取消")
    RELEASED = "released", _("已放号")
    EXPIRED = "expired", pgettext_lazy("booking", "占号过期")


# Those that take up a place in the count of their slot.
TAKING = (State.HELD, State.BOOKED, State.DISPLACED, State.ARRIVED, State.NO_SHOW)
# Those with which somebody is still to come.
LIVE = (State.HELD, State.BOOKED, State.DISPLACED)


class BookingQuerySet(models.QuerySet["Booking"]):
    def visible_to(self, actor: Actor) -> Self:
        """The house that is gone to and the house that booked see a booking; a resident their own.

        Other houses may see that a place is taken, never by whom.
        """
        if actor.person_id is not None:
            return self.filter(person_id=actor.person_id)
        if actor.reach is Reach.NOTHING or not actor.may("capacity.read"):
            return self.none()
        return self.filter(actor.within("organisation", "booked_by"))

    def live(self, at: datetime | None = None) -> Self:
        """What is still to come: booked, or held in force."""
        moment = at or clock.now()
        return self.filter(
            Q(state__in=(State.BOOKED, State.DISPLACED))
            | Q(state=State.HELD, expires_at__gt=moment)
        )

    def of(self, kind: str, subject_id: UUID) -> Self:
        """Those made for a referral, or whatever else a place is booked for."""
        return self.filter(subject_kind=kind, subject_id=subject_id)

    def overlapping(self, start_at: datetime, end_at: datetime) -> Self:
        return self.filter(start_at__lt=end_at, end_at__gt=start_at)

    def missed_by(self, person_id: UUID, at: datetime | None = None) -> int:
        """How often a person did not come, in the span of `capacity.no_show.days`."""
        since = (at or clock.now()) - parameters.duration("capacity.no_show.days")
        rows = self.filter(person_id=person_id, state=State.NO_SHOW, start_at__gte=since)
        return int(rows.count())

    def in_order(self) -> Self:
        return self.order_by("start_at", "created_at", "id")


class Booking(Workflow):
    """One place in one slot for one person.

    A hold (占号) lapses at `expires_at` unless it is confirmed. `subject_kind` and `subject_id`
    name what it is for (a referral, a waiting entry); `booked_by` is the house that asked. Times,
    house and kind are the slot's, written here again so that a day's list and a person's own
    overlaps need no join. Nobody owes anything of a booking but while it is displaced: whoever
    booked then owes the person another time.
    """

    MOVES = {
        State.HELD: {State.BOOKED, State.RELEASED, State.EXPIRED},
        State.BOOKED: {State.ARRIVED, State.CANCELLED, State.DISPLACED, State.NO_SHOW},
        State.DISPLACED: {State.BOOKED, State.CANCELLED},
        State.NO_SHOW: {State.ARRIVED},
        State.ARRIVED: {State.BOOKED},
    }
    inbox_kind = "booking"

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="bookings",
        db_index=False,
        verbose_name=_("机构"),
    )
    slot = models.ForeignKey(Slot, models.PROTECT, related_name="bookings", verbose_name=_("号源"))
    person = models.ForeignKey(
        Person,
        models.PROTECT,
        related_name="bookings",
        db_index=False,
        verbose_name=_("患者"),
    )
    booked_by = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("预约机构"),
    )
    owner = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="+",
        null=True,
        editable=False,
        db_index=False,
    )
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.HELD)
    kind = models.CharField(_("类别"), max_length=20)
    channel = models.CharField(_("预约渠道"), max_length=20)
    start_at = models.DateTimeField(_("就诊时间"))
    end_at = models.DateTimeField(_("结束时间"))
    expires_at = models.DateTimeField(_("占号截止"), null=True, blank=True)
    subject_kind = models.CharField(_("所属业务"), max_length=30, blank=True)
    subject_id = models.UUIDField(null=True, blank=True)
    note = models.CharField(_("备注"), max_length=200, blank=True)
    arrived_at = models.DateTimeField(_("到诊时间"), null=True, blank=True)
    moved = models.PositiveSmallIntegerField(_("改约次数"), default=0)
    end_code = models.CharField(_("取消原因"), max_length=20, blank=True)
    end_text = models.CharField(_("取消说明"), max_length=200, blank=True)
    ended_at = models.DateTimeField(_("取消时间"), null=True, blank=True)

    objects: ClassVar[BookingQuerySet] = BookingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("预约")
        constraints = [
            *Workflow.promises(Q(state="displaced"), "booking"),
            models.CheckConstraint(
                condition=Q(end_at__gt=F("start_at")), name="booking_has_length"
            ),
            models.CheckConstraint(
                condition=~Q(state="held") | Q(expires_at__isnull=False),
                name="booking_hold_expires",
            ),
            models.CheckConstraint(
                condition=~Q(state="cancelled") | ~Q(end_code=""),
                name="booking_cancelled_says_why",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "start_at"], name="booking_of_house"),
            models.Index(fields=["booked_by", "start_at"], name="booking_asked_by"),
            models.Index(fields=["person", "-start_at"], name="booking_of_person"),
            models.Index(
                fields=["expires_at", "slot"], name="booking_to_expire", condition=Q(state="held")
            ),
            models.Index(fields=["end_at"], name="booking_to_come", condition=Q(state="booked")),
            models.Index(
                fields=["end_at"], name="booking_displaced", condition=Q(state="displaced")
            ),
            models.Index(
                fields=["subject_id"],
                name="booking_subject",
                condition=Q(subject_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{timezone.localtime(self.start_at):%Y-%m-%d %H:%M}"

    def get_absolute_url(self) -> str:
        return reverse("capacity:booking", args=[self.pk])

    @property
    def kind_label(self) -> str:
        return catalogue.label(catalogue.kinds(), self.kind)

    @property
    def channel_label(self) -> str:
        return catalogue.label(catalogue.channels(), self.channel)

    @property
    def house_name(self) -> str:
        return tree.name(self.organisation_id)

    @property
    def booked_by_name(self) -> str:
        return tree.name(self.booked_by_id)

    @property
    def end_label(self) -> str:
        return catalogue.said("cancel", self.end_code, self.end_text)

    def inbox_facts(self) -> dict[str, Any]:
        where = (tree.name(self.organisation_id), self.slot.schedule.title)
        return {
            "title": f"{self.person.name} · {self}"[:200],
            "detail": " · ".join(where)[:300],
            "urgency": "urgent",
            "county_id": self.county_id,
        }
