"""The kernel's own tables: trail, outbox, inbox, notices, jobs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xinglin.kernel.access import Actor
from xinglin.kernel.ids import new_id

if TYPE_CHECKING:
    from typing import Self


class TrailEntry(models.Model):
    """One line of the trail: a change, or a reading of a person's data. Never changed."""

    class Kind(models.TextChoices):
        CHANGE = "change", _("变更")
        READ = "read", _("查阅")
        REFUSED = "refused", _("拒绝查阅")

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.CHANGE)
    user_id = models.UUIDField()
    actor_name = models.CharField(max_length=100)
    role = models.CharField(max_length=40, blank=True)
    post_id = models.UUIDField()
    org_id = models.UUIDField()
    org_name = models.CharField(max_length=200, blank=True)
    county_id = models.UUIDField()
    address = models.CharField(max_length=45, blank=True)
    verb = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    person_id = models.UUIDField(null=True)
    changes = models.JSONField(default=dict)
    # Of a reading: the ground as `trail.Ground` keeps it, told by `trail.said`.
    basis = models.CharField(max_length=200, blank=True)
    # Of a reading: which parts of the record lay open, in a word each.
    parts = models.CharField(max_length=120, blank=True)

    class Meta:
        verbose_name = _("留痕")
        indexes = [
            models.Index(fields=["subject_id", "at"], name="trail_subject"),
            models.Index(
                fields=["person_id", "at"],
                name="trail_person",
                condition=models.Q(person_id__isnull=False),
            ),
            # The privacy officer's page: who read what in the county, day by day.
            models.Index(
                fields=["county_id", "at"],
                name="trail_readings",
                condition=models.Q(kind__in=["read", "refused"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name} {self.verb}"


class TrailLink(models.Model):
    """The place of a line in the chain, and the chain's digest up to it."""

    position = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(TrailEntry, models.PROTECT, related_name="link")
    chain = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("留痕链")

    def __str__(self) -> str:
        return f"{self.position} {self.chain[:8]}"


class OutboxEvent(models.Model):
    """A fact, stored with the change it announces."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=80)
    payload = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("事件")

    def __str__(self) -> str:
        return self.name


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def pending(self, now: datetime) -> Self:
        return self.filter(done_at=None, parked_at=None, not_before__lte=now).order_by("id")

    def parked(self) -> Self:
        return self.exclude(parked_at=None)


class Delivery(models.Model):
    """That one listener is to hear one event, and whether it has."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    event = models.ForeignKey(OutboxEvent, models.CASCADE, related_name="deliveries")
    listener = models.CharField(max_length=200)
    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True)
    parked_at = models.DateTimeField(null=True)

    objects: ClassVar[DeliveryQuerySet] = DeliveryQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("事件投递")
        indexes = [
            models.Index(
                fields=["not_before", "id"],
                name="delivery_pending",
                condition=models.Q(done_at=None, parked_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.listener} ← {self.event_id}"


class InboxQuerySet(models.QuerySet["InboxItem"]):
    def waiting_for(self, actor: Actor) -> Self:
        """What this post owes, the most overdue first; each matter once.

        What is raised to somebody who owes it anyway would stand there twice.
        """
        codes = sorted(actor.codes)
        audience = [*codes, f"role:{actor.role}"]
        owed = InboxItem.objects.filter(
            subject_id=OuterRef("subject_id"), level=0, org_id=actor.org_id, audience__in=codes
        )
        found = self.filter(org_id=actor.org_id, audience__in=audience)
        return found.exclude(Exists(owed), level__gt=0).order_by("due_at", "id")


class InboxItem(models.Model):
    """What waits for somebody: kept from the workflow's row by `@action`, never written else.

    `level` 0 is the owner; higher levels are those to whom an overdue item was raised.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    level = models.PositiveSmallIntegerField(default=0)
    org_id = models.UUIDField()
    audience = models.CharField(max_length=60)
    county_id = models.UUIDField()
    # Whom it is about, so that reading the list can be traced by person.
    person_id = models.UUIDField(null=True)
    state = models.CharField(max_length=30)
    urgency = models.CharField(max_length=10)
    title = models.CharField(max_length=200)
    detail = models.CharField(max_length=300, blank=True)
    since = models.DateTimeField()
    due_at = models.DateTimeField()
    escalate_at = models.DateTimeField(null=True)
    raised = models.PositiveSmallIntegerField(default=0)

    objects: ClassVar[InboxQuerySet] = InboxQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("待办")
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "level"], name="inbox_one_per_level")
        ]
        indexes = [
            models.Index(fields=["org_id", "due_at", "id"], name="inbox_house"),
            models.Index(
                fields=["escalate_at"],
                name="inbox_to_raise",
                condition=models.Q(escalate_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def trail_person_id(self) -> UUID | None:
        return self.person_id

    def trail_county_id(self) -> UUID | None:
        return self.county_id


class NoticeQuerySet(models.QuerySet["Notice"]):
    def for_actor(self, actor: Actor) -> Self:
        audience = sorted(actor.codes) + [f"role:{actor.role}", f"user:{actor.user_id}"]
        return self.filter(org_id=actor.org_id, audience__in=audience).order_by("-at", "-id")


class Notice(models.Model):
    """News for a house: the text is a msgid with its parameters, read in each one's language."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField()
    org_id = models.UUIDField()
    audience = models.CharField(max_length=60)
    message = models.CharField(max_length=200)
    params = models.JSONField(default=dict)
    kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()

    objects: ClassVar[NoticeQuerySet] = NoticeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("消息")
        indexes = [models.Index(fields=["org_id", "-at"], name="notice_house")]

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        return str(gettext(self.message) % self.params)


class Job(models.Model):
    """Long work that people can watch and leave."""

    class State(models.TextChoices):
        WAITING = "waiting", _("排队")
        RUNNING = "running", _("进行中")
        DONE = "done", _("已完成")
        FAILED = "failed", _("未完成")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=60)
    arguments = models.JSONField(default=dict)
    county_id = models.UUIDField()
    user_id = models.UUIDField()
    post_id = models.UUIDField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("任务")
        indexes = [models.Index(fields=["state", "created_at"], name="job_queue")]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0


def belongs_to(job: Job, actor: Actor) -> bool:
    """Only who started a job watches it."""
    return job.user_id == actor.user_id and actor.user_id != UUID(int=0)
