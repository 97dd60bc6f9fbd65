"""What was found out about the taking of medicines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.record.actions.writing import note, stop_medication
from xinglin.clinical.record.medicines import key_of
from xinglin.clinical.record.models import Medication
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Refused
from xinglin.registry.people.models import Person


@dataclass(frozen=True)
class Taken:
    """What was found out about one medicine: whether it is taken, and how."""

    name: str
    taken: bool
    dose: str = ""
    frequency: str = ""
    route: str = ""


def reconcile(person: Person, *, by: Actor, medicines: Sequence[Taken]) -> list[Medication]:
    """Write what a person takes and does not take, of whatever house ordered it.

    Each medicine becomes a statement of the actor's house, from today; what this house stated of
    it before ends today. What other houses ordered stays as they wrote it.
    """
    if not medicines:
        raise Refused(_("请至少核对一种药品。"), field="taken")
    today = timezone.localdate()
    with transaction.atomic():
        mine = Medication.objects.standing().filter(
            person=person,
            organisation_id=by.org_id,
            intent=Medication.Intent.STATEMENT,
            ended_on=None,
        )
        before: dict[str, list[Medication]] = {}
        for each in mine:
            before.setdefault(key_of(each.name), []).append(each)
        for key in {key_of(each.name) for each in medicines}:
            for old in before.get(key, ()):
                stop_medication(old, by=by, on=today)
        return [
            note(
                Medication(
                    person=person,
                    organisation_id=by.org_id,
                    intent=Medication.Intent.STATEMENT,
                    name=each.name,
                    dose=each.dose,
                    frequency=each.frequency,
                    route=each.route,
                    taken=each.taken,
                    started_on=today,
                ),
                by=by,
            )
            for each in medicines
        ]
