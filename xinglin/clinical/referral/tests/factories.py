"""A referral as far along its road as a test needs it, brought there by the cast's own acts."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from tests import cast
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Encounter
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.models import Referral
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person

RECEIPT: dict[str, Any] = {
    "results": "冠脉造影：前降支狭窄 70%",
    "treatment": "双联抗血小板、他汀",
    "plan": "两周后复查血脂，规律服药",
    "outcome": "2",
    "final_code": "I20.0",
}
PLAN: dict[str, Any] = {
    "assessment": "病情稳定，血压控制",
    "treatment_plan": "阿司匹林 100 mg 每日一次",
    "rehabilitation": "每日步行 30 分钟，低盐饮食",
}


def drafted(county: cast.Cast, **facts: Any) -> Referral:
    return referrals.draft(cast.letter(county, **facts), by=county.wang)


def submitted(county: cast.Cast, **facts: Any) -> Referral:
    return referrals.submit(drafted(county, **facts), by=county.wang)


def accepted(county: cast.Cast, **facts: Any) -> Referral:
    return referrals.accept(
        submitted(county, **facts), by=county.li, department="心内科", doctor="陈主任"
    )


def arrived(county: cast.Cast, **facts: Any) -> Referral:
    return referrals.receive(accepted(county, **facts), by=county.li, arrived_at=timezone.now())


def treated(county: cast.Cast, **facts: Any) -> Referral:
    return referrals.treat(arrived(county, **facts), by=county.chen)


def closed(county: cast.Cast, **facts: Any) -> Referral:
    referral = treated(county, **facts)
    referrals.discharge(
        referral, by=county.chen, discharged_at=timezone.now(), discharge_way="1", outcome="2"
    )
    return referrals.close(referral, by=county.chen, **RECEIPT)


def sent_down(county: cast.Cast, *, to: Organisation | None = None) -> Referral:
    """The down-referral that grew out of a treatment, submitted to the village."""
    above = treated(county)
    referrals.propose_down(above, by=county.chen, to_org=to or county.village, **PLAN)
    return Referral.objects.get(parent=above)


def awaiting_follow_up(county: cast.Cast) -> Referral:
    """Sent down, received, seen and closed by the village: now it owes the follow-up."""
    referral = referrals.accept(sent_down(county), by=county.zhao)
    referrals.receive(referral, by=county.zhao, arrived_at=timezone.now())
    referrals.treat(referral, by=county.zhao)
    return referrals.close(referral, by=county.zhao, **RECEIPT)


def admitted(by: Actor, person: Person, house: Organisation, **facts: Any) -> Encounter:
    """A bed in the ward of a house."""
    return record.start_encounter(
        Encounter(
            person=person,
            organisation=house,
            kind=facts.pop("kind", Encounter.Kind.INPATIENT),
            started_at=facts.pop("started_at", timezone.now()),
            **facts,
        ),
        by=by,
    )
