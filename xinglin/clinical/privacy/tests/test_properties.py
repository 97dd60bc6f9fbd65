"""No sequence of a single house's own acts opens a stranger's record."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tests import cast as casting
from tests.cast import id_card
from xinglin.clinical.privacy import actions as privacy
from xinglin.clinical.privacy.models import AccessCode, Consent, open_people
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Allergy, Diagnosis, Encounter
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.models import Referral
from xinglin.kernel.errors import Refused
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import Identifier, Person


class OneHouse:
    """刘科长, who wants to read 陈桂香's record and has only his own keyboard."""

    def __init__(self) -> None:
        self.county = casting.make()
        self.by, self.who = self.county.liu, self.county.patient
        self.house = self.county.other_township
        self.secret = record.note(
            Allergy(
                person=self.who,
                organisation=self.county.village,
                substance="青霉素",
                noted_on=timezone.localdate(),
            ),
            by=self.county.zhao,
        )

    def start(self) -> None:
        record.start_encounter(self._visit(visit_no="Z1"), by=self.by, presence=None)

    def admit(self) -> None:
        record.start_encounter(self._visit(kind="inpatient"), by=self.by)

    def _visit(self, **facts) -> Encounter:
        given = {"kind": "outpatient", "started_at": timezone.now()}
        return Encounter(person=self.who, organisation=self.house, **{**given, **facts})

    def end(self) -> None:
        for visit in Encounter.objects.visible_to(self.by).filter(ended_at=None):
            record.end_encounter(visit, by=self.by, ended_at=timezone.now(), discharge_way="1")

    def note(self) -> None:
        record.note(
            Diagnosis(
                person=self.who,
                organisation=self.house,
                code="I10",
                diagnosed_on=timezone.localdate(),
            ),
            by=self.by,
        )

    def keep(self) -> None:
        people.correct(self.who, by=self.by, managed_by=self.house)

    def hand_to_oneself(self) -> None:
        people.correct(self.who, by=self.by, managed_by=self.house, phone="13912345678")

    def change_the_card(self) -> None:
        people.correct(self.who, by=self.by, id_number=id_card(serial=499))

    def register_again(self) -> None:
        people.register(
            Person(
                county=self.county.region,
                name=self.who.name,
                birth_date=self.who.birth_date,
                managed_by=self.house,
            ),
            by=self.by,
        )

    def identify(self) -> None:
        people.identify(
            Identifier(county=self.county.region, person=self.who, kind="local", value="1"),
            by=self.by,
        )

    def guess_the_card(self) -> None:
        privacy.present(self.who, id_card(serial=498), by=self.by)

    def guess_a_code(self) -> None:
        privacy.present(self.who, "000000", by=self.by)

    def write_a_consent(self) -> None:
        privacy.record_consent(
            Consent(
                county_id=self.county.region.pk,
                person=self.who,
                method="paper",
                signer=self.who.name,
            ),
            by=self.by,
        )

    def print_a_code(self) -> None:
        code, _row = privacy.paper_code(self.who, by=self.by)
        privacy.open_record(privacy.present(self.who, code, by=self.by), by=self.by)

    def refer(self) -> None:
        letter = casting.letter(
            self.county, from_org=self.house, written_by=self.house, to_org=self.county.hospital
        )
        referrals.draft(letter, by=self.by)
        referrals.submit(letter, by=self.by)

    def refer_to_oneself(self) -> None:
        letter = casting.letter(
            self.county, from_org=self.county.city, written_by=self.house, to_org=self.house
        )
        referrals.draft(letter, by=self.by)
        referrals.submit(letter, by=self.by)

    def answer_oneself(self) -> None:
        for letter in Referral.objects.visible_to(self.by).filter(person=self.who):
            referrals.accept(letter, by=self.by, department="全科", doctor="刘科长")

    def receive_oneself(self) -> None:
        for letter in Referral.objects.visible_to(self.by).filter(person=self.who):
            referrals.receive(letter, by=self.by, arrived_at=timezone.now())
            referrals.treat(letter, by=self.by)


ACTS = sorted(
    name
    for name in vars(OneHouse)
    if not name.startswith("_") and callable(getattr(OneHouse, name))
)


class NoHouseOpensAStrangersRecordAlone(TestCase):
    @settings(max_examples=25)
    @given(st.lists(st.sampled_from(ACTS), min_size=1, max_size=8))
    def test_whatever_it_does(self, acts):
        story = OneHouse()
        for act in acts:
            try:
                getattr(story, act)()
            except Refused:
                story.who.refresh_from_db()
        later = timezone.now() + timedelta(seconds=1)
        assert later
        assert story.who not in open_people(story.by), acts
        assert not Allergy.objects.visible_to(story.by).filter(pk=story.secret.pk).exists(), acts
        assert not AccessCode.objects.filter(person=story.who).exists(), acts
