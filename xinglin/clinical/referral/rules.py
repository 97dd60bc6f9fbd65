"""Who may refer to whom, and how long each step may take. Pure: no database."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core import signing

from xinglin.clinical.referral import catalogue
from xinglin.kernel import parameters
from xinglin.kernel.ids import new_id

WAYS = ("up", "down", "lateral", "out", "in")
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def route(source: str, target: str, *, emergency: bool) -> catalogue.Route | None:
    """The open route between two levels; in an emergency any clinician may send up or out."""
    routes = catalogue.routes()
    for found in routes:
        if found.source == source and found.target == target:
            return found
    if emergency:
        for found in routes:
            if found.source == "any" and found.target == target:
                return found
    return None


def direction_of(source: str, target: str) -> str:
    """The direction between two levels of care, whatever the routes allow."""
    order = {"village": 0, "pharmacy": 0, "township": 1, "county": 2, "city": 3}
    if source == "city" or source == "office":
        return "in"
    if target == "city":
        return "out"
    gap = order.get(target, 0) - order.get(source, 0)
    return "up" if gap > 0 else "down" if gap < 0 else "lateral"


def way_of_reason(code: str, source: str) -> str:
    """The direction of which alone a coded reason is, for a sender of the level `source`.

    "" where it fits several or none.
    """
    # Only who is outside the county sends into it.
    into = direction_of(source, source) == "in"
    ways = [way for way in WAYS if (way == "in") == into and code in catalogue.reasons.of(way)]
    return ways[0] if len(ways) == 1 else ""


def answer_within(urgency: str) -> timedelta:
    return parameters.duration(f"referral.accept.{urgency}_minutes")


def valid_for(kind: str) -> timedelta:
    """How long an acceptance holds until the patient must have arrived."""
    kept = "inpatient" if kind == "inpatient" else "outpatient"
    return parameters.duration(f"referral.valid.{kept}_days")


def receipt_within(*, inpatient: bool) -> timedelta:
    key = "discharge_days" if inpatient else "outpatient_hours"
    return parameters.duration(f"referral.receipt.{key}")


def unanswered_at(asked: datetime, due: datetime) -> datetime:
    """When silence stops being the receiver's and becomes the office's."""
    factor: float = parameters.get("referral.unanswered_factor")
    return asked + (due - asked) * factor


def number_for(day: datetime) -> str:
    """A referral number: R, the day, seven signs that are hard to misread (35 random bits)."""
    value = new_id().int & ((1 << 35) - 1)
    letters = ""
    for _place in range(7):
        letters += ALPHABET[value & 31]
        value >>= 5
    return f"R{day:%y%m%d}-{letters}"


_signer = signing.Signer(salt="referral.arrival", sep=".")


def token_for(number: str) -> str:
    """What the QR code carries: the number and a signature, so that it cannot be made up."""
    return _signer.sign(number)


def read_token(token: str) -> str:
    """The number of a true token, "" of any other text."""
    try:
        return _signer.unsign(token)
    except signing.BadSignature:
        return ""
