from datetime import datetime
from uuid import UUID

from xinglin.kernel.outbox import Event


class ReferralEvent(Event):
    """What every fact about a referral carries."""

    referral_id: UUID
    person_id: UUID
    from_org_id: UUID
    to_org_id: UUID
    direction: str
    at: datetime


class ReferralSubmitted(ReferralEvent):
    """A house has asked another to take a patient over."""

    name = "referral.submitted"


class ReferralAccepted(ReferralEvent):
    """The receiving house has promised to take the patient."""

    name = "referral.accepted"


class ReferralDeclined(ReferralEvent):
    """The receiving house cannot take the patient, and has said why."""

    name = "referral.declined"
    refusal_code: str


class PatientArrived(ReferralEvent):
    """A referred patient has reached the receiving house."""

    name = "referral.patient-arrived"


class ReferralClosed(ReferralEvent):
    """The receipt has gone back to the sender."""

    name = "referral.closed"
    outcome: str


class PatientFollowedUp(ReferralEvent):
    """A patient who was sent down has been followed up at home."""

    name = "referral.followed-up"


class ReferralEnded(ReferralEvent):
    """A referral stopped before its end: cancelled, or the patient died or went elsewhere."""

    name = "referral.ended"
    end_code: str
