"""The person's door to referrals."""

from xinglin.clinical.referral.views.acting import act, arrive, attach, detail, scan
from xinglin.clinical.referral.views.counting import statistics
from xinglin.clinical.referral.views.destinations import destinations
from xinglin.clinical.referral.views.listing import export, listing
from xinglin.clinical.referral.views.lowering import plan, propose_down
from xinglin.clinical.referral.views.paper import attached, letter, receipt
from xinglin.clinical.referral.views.register import export_register, register
from xinglin.clinical.referral.views.writing import edit, new

__all__ = [
    "act",
    "arrive",
    "attach",
    "attached",
    "destinations",
    "detail",
    "edit",
    "export",
    "export_register",
    "letter",
    "listing",
    "new",
    "plan",
    "propose_down",
    "receipt",
    "register",
    "scan",
    "statistics",
]
