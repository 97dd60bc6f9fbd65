"""Whatever people do to a referral with a place, in whatever order: none is left behind."""

from __future__ import annotations

import pytest
import time_machine
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tests import cast
from xinglin.clinical.capacity.models import Booking, State
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.models import Referral
from xinglin.clinical.referral.models import State as Stage
from xinglin.clinical.referral.tests import placing
from xinglin.clinical.referral.tests.asking import DAY, HOUR, NOON
from xinglin.clinical.referral.tests.factories import RECEIPT
from xinglin.kernel.errors import Refused
from xinglin.kernel.worker import everything_due

WITHOUT = {
    Stage.WAITLISTED,
    Stage.UNANSWERED,
    Stage.DECLINED,
    Stage.EXPIRED,
    Stage.CLOSED,
    Stage.CANCELLED,
    Stage.ENDED,
}

STEPS = st.lists(
    st.sampled_from(
        [
            *("accept", "other time", "without", "decline", "waitlist", "redirect", "again"),
            *("cancel", "end", "receive", "treat", "discharge", "close", "hours", "days"),
        ]
    ),
    max_size=9,
)


@pytest.mark.slow
class WhateverIsDone(TestCase):
    @settings(max_examples=25)
    @given(STEPS, st.booleans(), st.sampled_from(["routine", "urgent"]))
    def test_no_place_is_left_and_no_count_is_wrong(self, steps, lies, urgency):
        with time_machine.travel(NOON, tick=False) as clock:
            county = placing.ready(cast.make())
            place = placing.ward() if lies else placing.slot()
            kind = "inpatient" if lies else "outpatient"
            referral = referrals.submit(
                cast.letter(county, kind=kind, urgency=urgency), by=county.wang, place=place
            )
            for step in steps:
                self._do(step, county, referral, clock, lies)
                referral.refresh_from_db()
                kept = placing.kept(referral)
                assert len(kept) <= 1, (step, kept)
                if referral.state in WITHOUT:
                    assert kept == [], (step, referral.state)
                assert placing.counts_hold(), step

    def _do(self, step, county, referral, clock, lies):
        if step in ("hours", "days"):
            clock.shift(3 * HOUR if step == "hours" else 2 * DAY)
            everything_due()
            return
        other = placing.ward() if lies else placing.slot("09:00")
        acts = {
            "accept": lambda r: referrals.accept(r, by=county.li),
            "other time": lambda r: referrals.accept(r, by=county.li, slot_or_bed=other),
            "without": lambda r: referrals.accept(r, by=county.li, keeps_place=False),
            "decline": lambda r: referrals.decline(
                r, by=county.li, code="no-bed", alternative="门诊"
            ),
            "waitlist": lambda r: referrals.waitlist(r, by=county.li, code="no-bed"),
            "redirect": lambda r: referrals.redirect(
                r, by=county.wang, to_org=county.other_township
            ),
            "again": lambda r: referrals.redirect(
                r, by=county.wang, to_org=county.hospital, place=other
            ),
            "cancel": lambda r: referrals.cancel(r, by=county.wang, code="patient-better"),
            "end": lambda r: referrals.end(r, by=county.wang, code="died"),
            "receive": lambda r: referrals.receive(r, by=county.li, arrived_at=timezone.now()),
            "treat": lambda r: referrals.treat(r, by=county.chen),
            "discharge": lambda r: referrals.discharge(
                r, by=county.chen, discharged_at=timezone.now()
            ),
            "close": lambda r: referrals.close(r, by=county.chen, **RECEIPT),
        }
        try:
            acts[step](Referral.objects.get(pk=referral.pk))
        except Refused:
            # Refused whole: nothing of it may have happened.
            assert Booking.objects.filter(subject_id=referral.pk, state=State.HELD).count() <= 1
