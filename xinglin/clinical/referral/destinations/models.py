"""How houses have answered: every answer once, and what the last months of them come to."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from xinglin.kernel.records import Record
from xinglin.registry.organisations.models import Organisation


class Verdict(models.TextChoices):
    ACCEPTED = "accepted", _("接收")
    DECLINED = "declined", _("拒绝")
    SILENT = "silent", _("逾期未答复")


class Answer(Record):
    """What a house said to one request, or that it said nothing, and after how many minutes.

    A referral that is sent on forgets its refusals; the memory of the house does not.
    """

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", db_index=False, verbose_name=_("机构")
    )
    referral = models.ForeignKey(
        "referral.Referral", models.CASCADE, related_name="answers", verbose_name=_("转诊单")
    )
    department = models.CharField(_("科室"), max_length=50, blank=True)
    verdict = models.CharField(_("答复"), max_length=8, choices=Verdict)
    minutes = models.PositiveIntegerField(_("答复用时（分钟）"))
    at = models.DateTimeField(_("答复时间"))

    class Meta:
        verbose_name = _("转诊答复")
        indexes = [models.Index(fields=["at"], name="referral_answer_at")]

    def __str__(self) -> str:
        return str(self.get_verdict_display())


class Acceptance(models.Model):
    """What the answers of a house, or of one of its departments, come to; the clock keeps it.

    `department` "" is the house as a whole. `median` in minutes, None before the first yes or no.
    """

    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="+", verbose_name=_("机构")
    )
    department = models.CharField(_("科室"), max_length=50, blank=True)
    asked = models.PositiveIntegerField(_("申请"))
    accepted = models.PositiveIntegerField(_("接收"))
    median = models.PositiveIntegerField(_("答复用时中位数（分钟）"), null=True)

    class Meta:
        verbose_name = _("接收情况")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "department"], name="referral_acceptance_once"
            ),
            models.CheckConstraint(
                condition=models.Q(accepted__lte=models.F("asked")),
                name="referral_acceptance_of_those_asked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.accepted}/{self.asked}"


@dataclass(frozen=True)
class PastAnswers:
    """How often of how many times somebody said yes, and the median minutes to an answer."""

    asked: int
    accepted: int
    median: int | None


class Memory:
    """The acceptances in memory: some hundred rows that every ranking asks about."""

    LASTS = 15.0

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._rows: dict[tuple[UUID, str], PastAnswers] = {}

    def forget(self) -> None:
        self._read_at = float("-inf")

    def of(self, house: UUID, department: str) -> PastAnswers | None:
        """The department's own answers, else those of its house; None where nobody was asked."""
        now = time.monotonic()
        if now - self._read_at > self.LASTS:
            with self._lock:
                rows = Acceptance.objects.values_list(
                    "organisation_id", "department", "asked", "accepted", "median"
                )
                self._rows = {
                    (org, part): PastAnswers(asked, accepted, median)
                    for org, part, asked, accepted, median in rows
                }
                self._read_at = now
        return self._rows.get((house, department)) or self._rows.get((house, ""))


memory = Memory()
