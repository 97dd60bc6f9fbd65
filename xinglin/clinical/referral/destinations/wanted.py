"""What is asked of a destination."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from xinglin.clinical.referral.models import Direction, Kind, Referral, Urgency
from xinglin.clinical.triage.models import Assessment
from xinglin.registry.organisations.catalogue import ability_label
from xinglin.registry.organisations.models import Level, tree

# Which kinds of slots a referral asks for; who lies down asks for a bed.
SLOT_KINDS = {Kind.OUTPATIENT: ("clinic", "expert"), Kind.EXAM: ("exam",)}
LYING = (Kind.INPATIENT, Kind.GREEN_CHANNEL)


@dataclass(frozen=True)
class Wanted:
    """Where a patient is to go, as far as it is known.

    `department` is a name or a code of `catalogue/techniques.toml`, `needs` codes of techniques and
    equipment, `level` the lowest level of care that triage asked for; "" leaves each open. Without
    a `direction` a village or township sends up, and others wherever a route leads.
    """

    county_id: UUID
    from_org_id: UUID
    urgency: str = Urgency.ROUTINE
    kind: str = Kind.OUTPATIENT
    sex: str = ""
    diagnosis: str = ""
    department: str = ""
    needs: tuple[str, ...] = ()
    level: str = ""
    direction: str = ""

    @property
    def way(self) -> str:
        """The direction that was asked for, or the usual one of the sender; "" for any."""
        if self.direction:
            return self.direction
        here = tree.get(self.from_org_id)
        low = here is not None and here.level in (Level.VILLAGE, Level.TOWNSHIP)
        return Direction.UP if low else ""

    @property
    def department_label(self) -> str:
        """The department in words."""
        return ability_label(self.department)

    @property
    def lies(self) -> bool:
        """Whether a bed is asked for."""
        return self.kind in LYING

    @property
    def slot_kinds(self) -> tuple[str, ...]:
        return () if self.lies else SLOT_KINDS[Kind(self.kind)]


def of_referral(referral: Referral, advice: Assessment | None = None) -> Wanted:
    """What a referral asks for as it is written now, and what triage asked for with it."""
    return Wanted(
        county_id=referral.county_id,
        from_org_id=referral.from_org_id,
        urgency=referral.urgency,
        kind=referral.kind,
        sex=referral.person.sex if referral.person_id else "",
        diagnosis=referral.diagnosis_code,
        department=referral.to_department or (advice.department if advice else ""),
        needs=tuple(advice.needs) if advice else (),
        level=advice.level if advice else "",
        direction=referral.direction,
    )
