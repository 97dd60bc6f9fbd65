"""Consents, a broken glass and a resident with an account, for the demo county."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from xinglin.clinical.privacy import actions as privacy
from xinglin.clinical.privacy.models import BreakGlass, Consent, opened
from xinglin.kernel import clock
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person
from xinglin.registry.staff.models import User

ACCOUNT = "resident"


def stories(password: str) -> None:
    """Somebody signs in and says who may read; somebody else is brought in unconscious."""
    now = timezone.now()
    village, specialist = _of("village"), _of("specialist")
    kept = Person.objects.filter(managed_by_id=village.org_id, voided_at=None, deceased_on=None)
    grown = kept.filter(birth_date__lt=timezone.localdate() - timedelta(days=365 * 45))
    # Not yet in care at the hospital, so that there is glass to break.
    near = grown.exclude(care_links__organisation_id=specialist.org_id)
    told = list(near.filter(diagnosiss__isnull=False).distinct().order_by("id_number"))
    told += [person for person in kept if person not in told]
    me, other = told[0], told[1]
    with clock.at(now - timedelta(days=40)):
        shown = privacy.present(me, me.id_number, by=village)
        privacy.give_account(me, by=village, presence=shown, username=ACCOUNT, password=password)
    resident = User.objects.get(username=ACCOUNT).resident()
    with clock.at(now - timedelta(days=39)):
        opened(village, me, parts="record")
        privacy.give_consent(_consent(me, house=_house("QS101")), by=resident)
    with clock.at(now - timedelta(days=20)):
        privacy.give_consent(
            _consent(me, effect=Consent.Effect.DENY, house=_house("QS102"), parts=",document,"),
            by=resident,
        )
        on_paper = _consent(other, method=Consent.Method.PAPER, signer=other.name)
        on_paper.until = timezone.localdate() + timedelta(days=345)
        privacy.record_consent(on_paper, by=village)
    with clock.at(now - timedelta(hours=3)):
        privacy.break_glass(
            BreakGlass(
                county_id=me.county_id,
                person=me,
                organisation_id=specialist.org_id,
                reason_code="unconscious",
                reason="路边晕倒由 120 送来，意识不清，无家属陪同",
            ),
            by=specialist,
        )
        opened(specialist, me, parts="record")


def _of(account: str) -> Actor:
    user = User.objects.select_related("practitioner").get(username=account)
    return user.held[0].actor(user_id=user.pk, name=user.held[0].practitioner.name)


def _house(code: str) -> Organisation:
    return Organisation.objects.get(county__code="QS", code=code)


def _consent(person: Person, **facts: object) -> Consent:
    given: dict[str, object] = {"effect": Consent.Effect.PERMIT, "signer": person.name, **facts}
    return Consent(county_id=person.county_id, person=person, **given)
