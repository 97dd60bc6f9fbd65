"""The demo county, small: every state, every account, nothing lost, nothing twice."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings

from tests.standing import standing_county
from xinglin.clinical.capacity.models import BedHold, Booking
from xinglin.clinical.emergency.catalogue import kinds
from xinglin.clinical.emergency.models import GreenCase
from xinglin.clinical.emergency.models import State as CaseState
from xinglin.clinical.orders.models import Execution, Order
from xinglin.clinical.record.models import Encounter
from xinglin.clinical.referral.models import Acceptance, Referral, State
from xinglin.gateway.demo import loading
from xinglin.kernel import trail
from xinglin.kernel.models import InboxItem
from xinglin.registry.organisations.models import Level, Organisation
from xinglin.registry.people.models import Person

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ACCOUNTS = (
    # the contract
    "village township leader desk specialist manager bureau admin stranger nurse pharmacist".split()
)


@pytest.fixture(scope="module")
def standing(django_db_setup, django_db_blocker, tmp_path_factory):
    """Loaded once: it is what takes the time here."""
    media = tmp_path_factory.mktemp("media")

    def load() -> Organisation:
        with override_settings(MEDIA_ROOT=media):
            assert loading.load(residents=120, seed=7) is True
        return Organisation.objects.get(code="QS", level=Level.REGION)

    with standing_county(django_db_blocker, load) as county:
        yield county, media


@pytest.fixture
def county(standing, db, settings):
    found, settings.MEDIA_ROOT = standing
    return found


def test_the_demo_county_is_the_one_of_the_contract(county):
    houses = Organisation.objects.filter(county=county)
    assert houses.filter(level=Level.TOWNSHIP).count() == 14
    assert houses.filter(level=Level.VILLAGE).count() == 156
    assert houses.filter(level=Level.PHARMACY).count() == 2
    assert houses.filter(level=Level.COUNTY).count() == 3
    assert houses.filter(leads=True).get().name == "青山县人民医院"
    assert houses.filter(outside=True).exists()
    assert Organisation.objects.filter(county__name="临水县", level=Level.COUNTY).count() == 1
    # Beside the residents there are those whom the ambulance brought without a name.
    residents = Person.objects.filter(county=county).exclude(source="emergency")
    assert residents.count() == 120
    assert Encounter.objects.exists()
    # loading again changes nothing
    assert loading.load(residents=120, seed=7) is False
    assert residents.count() == 120


def test_referrals_stand_in_every_state_and_none_is_lost(county):
    states = set(Referral.objects.values_list("state", flat=True))
    # passing states: approval is given within the hour, a down-proposal is closed with it
    assert states >= set(State) - {State.APPROVED, State.DOWN_PROPOSED}
    for referral in Referral.objects.open():
        assert referral.due_at is not None
        assert InboxItem.objects.filter(subject_id=referral.pk, level=0).count() == 1
    trail.seal(limit=1_000_000)
    assert trail.verify().broken_at is None


def test_the_green_channel_has_cases_of_every_kind_and_state(county):
    cases = GreenCase.objects.filter(county=county)
    assert set(cases.values_list("kind", flat=True)) == set(kinds())
    assert set(cases.values_list("state", flat=True)) == set(CaseState)
    assert cases.running().count() == 5
    for case in cases.running():
        assert InboxItem.objects.filter(subject_id=case.pk, level=0).count() == 1


def test_slots_and_beds_are_tied_to_referrals(county):
    booked = Booking.objects.filter(subject_kind="referral")
    assert set(booked.values_list("state", flat=True)) >= {"held", "booked", "arrived"}
    assert BedHold.objects.standing().filter(subject_kind="referral").count() >= 3
    for booking in booked.filter(state="arrived"):
        letter = Referral.objects.get(pk=booking.subject_id)
        assert (letter.person_id, letter.to_org_id) == (booking.person_id, booking.organisation_id)
    over = Referral.objects.filter(state__in=["declined", "cancelled", "ended", "expired"])
    left = booked.filter(subject_id__in=over.values("pk"), state__in=["held", "booked"])
    assert not left.exists()
    assert Acceptance.objects.filter(asked__gt=5).exists()


def test_the_ward_has_patients_with_running_orders(county):
    lying = Encounter.objects.filter(orders__isnull=False, ended_at=None).distinct()
    assert lying.count() == 6
    assert {visit.organisation.code for visit in lying} == {"QS201"}
    states = set(Order.objects.values_list("state", flat=True))
    assert states >= {"draft", "review", "sent-back", "to-check", "active", "completed", "stopped"}
    done = Execution.objects.values_list("state", flat=True)
    assert set(done) >= {"given", "due"}
    for order in Order.objects.open():
        assert InboxItem.objects.filter(subject_id=order.pk, level=0).count() == 1


def test_every_account_of_the_contract_signs_in_and_finds_its_workbench(county):
    for account in ACCOUNTS:
        client = Client()
        assert client.login(username=account, password="xinglin-demo"), account
        assert client.get("/").status_code == 200


def test_the_accounts_that_act_have_work_waiting(county):
    for account in ("township", "desk", "specialist", "village"):
        client = Client()
        client.login(username=account, password="xinglin-demo")
        page = client.get("/inbox/").content.decode()
        assert "/referrals/" in page.partition("data-list")[2], account


def test_the_demo_machine_gets_a_token_and_reads_its_referrals(county):
    client = Client()
    told = client.post(
        "/oauth/token",
        {
            "grant_type": "client_credentials",
            "client_id": "demo-his",
            "client_secret": "xinglin-demo",
        },
    )
    assert told.status_code == 200
    token = told.json()["access_token"]
    answer = client.get("/api/v1/referrals", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert answer.json()["count"] > 0
