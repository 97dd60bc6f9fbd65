"""What people do with a referral. Every write to one happens here."""

from xinglin.clinical.referral.actions.checking import (
    ALWAYS,
    UNLESS_EMERGENCY,
    Incomplete,
    NoRoute,
    OpenReferralExists,
)
from xinglin.clinical.referral.actions.closing import (
    close,
    end,
    expire,
    follow_up,
    hear_of_visit,
    leave_unanswered,
    propose_down,
)
from xinglin.clinical.referral.actions.filing import file_insurance
from xinglin.clinical.referral.actions.planning import Plan
from xinglin.clinical.referral.actions.receiving import (
    accept,
    decline,
    discharge,
    hear_of_discharge,
    receive,
    treat,
    waitlist,
)
from xinglin.clinical.referral.actions.sending import (
    PAPER,
    WRITABLE,
    approve,
    attach,
    attach_new,
    cancel,
    change,
    complete,
    depart,
    draft,
    redirect,
    submit,
)

__all__ = [
    "ALWAYS",
    "PAPER",
    "UNLESS_EMERGENCY",
    "WRITABLE",
    "Incomplete",
    "NoRoute",
    "OpenReferralExists",
    "Plan",
    "accept",
    "approve",
    "attach",
    "attach_new",
    "cancel",
    "change",
    "close",
    "complete",
    "decline",
    "depart",
    "discharge",
    "draft",
    "end",
    "expire",
    "file_insurance",
    "follow_up",
    "hear_of_discharge",
    "hear_of_visit",
    "leave_unanswered",
    "propose_down",
    "receive",
    "redirect",
    "submit",
    "treat",
    "waitlist",
]
