"""Stages, directions and kinds of a referral."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    DRAFT = "draft", _("草稿")
    SUBMITTED = "submitted", _("已申请")
    APPROVED = "approved", _("转出审核通过")
    WAITLISTED = "waitlisted", _("候床候诊")
    UNANSWERED = "unanswered", _("逾期未答复")
    ACCEPTED = "accepted", _("已接收")
    DECLINED = "declined", _("已拒绝")
    EXPIRED = "expired", _("逾期未到诊")
    IN_TRANSIT = "in-transit", _("转运中")
    ARRIVED = "arrived", _("已到诊")
    IN_TREATMENT = "in-treatment", _("诊治中")
    DOWN_PROPOSED = "down-proposed", _("建议下转")
    CLOSED = "closed", _("已结案")
    FOLLOWED_UP = "followed-up", _("已随访")
    CANCELLED = "cancelled", _("已取消")
    ENDED = "ended", _("已终止")


BEFORE_ANSWER = (State.SUBMITTED, State.APPROVED, State.WAITLISTED, State.UNANSWERED)
ON_THE_WAY = (State.ACCEPTED, State.IN_TRANSIT)
WITH_RECEIVER = (State.ARRIVED, State.IN_TREATMENT, State.DOWN_PROPOSED)
OPEN = (
    State.DRAFT,
    *BEFORE_ANSWER,
    *ON_THE_WAY,
    State.DECLINED,
    State.EXPIRED,
    *WITH_RECEIVER,
)


class Direction(models.TextChoices):
    UP = "up", _("上转")
    DOWN = "down", _("下转")
    LATERAL = "lateral", _("平转")
    OUT = "out", _("转往县外")
    IN = "in", _("县外转入")


# A patient who is sent down, or home into the county, is followed up afterwards.
FOLLOWED = (Direction.DOWN, Direction.IN)


class Urgency(models.TextChoices):
    EMERGENCY = "emergency", _("急")
    URGENT = "urgent", _("限时")
    ROUTINE = "routine", _("常规")


class Kind(models.TextChoices):
    OUTPATIENT = "outpatient", _("门诊")
    INPATIENT = "inpatient", _("住院")
    EXAM = "exam", _("检查检验")
    GREEN_CHANNEL = "green-channel", _("绿色通道")


# What a line of a list shows, of a hundred columns.
LISTED = (
    *("state", "from_org_id", "to_org_id", "to_department", "diagnosis_name", "urgency"),
    *("submitted_at", "due_at", "clock_from", "uncovered"),
)
LISTED_OF_PERSON = ("name", "sex", "birth_date", "deceased_on")
