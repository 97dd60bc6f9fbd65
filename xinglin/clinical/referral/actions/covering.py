"""Under which agreement a referral runs, and what follows when it runs under none."""

from __future__ import annotations

from xinglin.clinical.referral.models import Referral
from xinglin.kernel import parameters
from xinglin.registry.agreements.models import Agreement, Kind
from xinglin.registry.agreements.rules import Cover


def judge(referral: Referral, *, exactly: bool = False) -> Cover:
    """The agreement that covers the referral as it is written now, or why there is none.

    `exactly` when it is about to count against a quota.
    """
    return Agreement.objects.covering(
        Kind.REFERRAL,
        referral.from_org_id,
        referral.to_org_id,
        department=referral.to_department,
        diagnosis=referral.diagnosis_code,
        but=referral.pk,
        exactly=exactly,
    )


def run_under(referral: Referral, *, exactly: bool = False) -> None:
    """Mark the referral with the agreement it runs under, or with the reason why it does not."""
    found = judge(referral, exactly=exactly)
    referral.agreement_id = found.terms.id if found.terms else None
    referral.uncovered = "" if found.holds else found.verdict.value


def asks_for_approval(referral: Referral) -> bool:
    """Whether the sender's leader must let it go because no agreement covers it.

    Not in an emergency, and not where nobody inside the county sends: those are marked only.
    """
    return bool(
        referral.uncovered
        and not referral.is_emergency
        and referral.approver_id is not None
        and parameters.get("referral.approve_outside_agreement")
    )
