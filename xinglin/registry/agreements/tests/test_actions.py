"""What people and days do with agreements."""

from __future__ import annotations

import copy
from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import cast
from tests.standing import standing_county
from xinglin.kernel import worker
from xinglin.kernel.errors import Conflict, Forbidden, Refused, WrongState
from xinglin.kernel.models import InboxItem, Notice, OutboxEvent, TrailEntry
from xinglin.kernel.papers import WrongFile
from xinglin.registry.agreements import actions, permissions
from xinglin.registry.agreements.models import (
    Agreement,
    Kind,
    Party,
    SignedPaper,
    State,
    book,
    counted_by,
    uses,
)
from xinglin.registry.agreements.rules import Verdict
from xinglin.registry.organisations import actions as houses
from xinglin.registry.organisations.models import tree

NOON = timezone.make_aware(datetime(2026, 3, 2, 12, 0))
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def standing(django_db_setup, django_db_blocker):
    with time_machine.travel(NOON, tick=False), standing_county(django_db_blocker) as county:
        yield county


@pytest.fixture
def noon():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def county(standing, noon, db):
    return copy.deepcopy(standing)


def written(county: cast.Cast, **facts) -> tuple[Agreement, list[Party]]:
    """With the hospital outside, for everything below the county hospital; not saved."""
    given = {
        "number": "XY-SL-2026",
        "title": "与省立医院双向转诊协议",
        "kind": Kind.REFERRAL,
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2026, 12, 31),
    }
    agreement = Agreement(
        county_id=county.region.pk, keeper_id=county.office.pk, **{**given, **facts}
    )
    parties = [
        Party(organisation=county.hospital, side="1", extent="below", signer="周院长"),
        Party(organisation=county.city, side="2", signer="吴院长"),
    ]
    return agreement, parties


def drafted(county: cast.Cast, **facts) -> Agreement:
    agreement, parties = written(county, **facts)
    return actions.draft(agreement, by=county.sun, parties=parties)


def filed(agreement: Agreement, by) -> Agreement:
    paper = SignedPaper(agreement=agreement)
    actions.file_paper(paper, by=by, content=cast.signed_text())
    return agreement


def signed(county: cast.Cast, **facts) -> Agreement:
    agreement = filed(drafted(county, **facts), county.sun)
    return actions.sign(agreement, by=county.sun, signed_on=date(2026, 1, 1))


def refused(kind: type[Refused], act, *args, **facts) -> Refused:
    with pytest.raises(kind) as caught:
        act(*args, **facts)
    assert str(caught.value)
    return caught.value


def cover(county: cast.Cast, **asked):
    asked = {"from_org": county.township.pk, "to_org": county.city.pk, **asked}
    return Agreement.objects.covering(Kind.REFERRAL, **asked)


# ------------------------------------------------------------------------------ from draft to end


def test_a_draft_waits_for_its_signatures(county):
    agreement = drafted(county)
    item = InboxItem.objects.get(subject_id=agreement.pk)
    assert (item.org_id, item.audience) == (county.office.pk, "agreement.sign")
    assert item.due_at == NOON + 30 * DAY
    assert not cover(county).holds


def test_a_signed_agreement_counts_and_its_parties_hear_of_it(county):
    agreement = signed(county)
    assert agreement.state == State.IN_FORCE
    found = cover(county)
    assert found.holds
    assert found.terms.id == agreement.pk
    assert cover(county, from_org=county.village.pk).holds
    assert not InboxItem.objects.filter(subject_id=agreement.pk).exists()
    news = [notice.text for notice in Notice.objects.for_actor(county.li)]
    assert news == ["协议已生效：与省立医院双向转诊协议（XY-SL-2026）"]
    # The house outside has nobody here who could read it.
    assert not Notice.objects.filter(org_id=county.city.pk).exists()
    assert OutboxEvent.objects.filter(name="agreement.signed").exists()


def test_it_is_not_signed_without_paper_and_signers(county):
    agreement = drafted(county)
    told = refused(actions.NotSigned, actions.sign, agreement, by=county.sun, signed_on=NOON.date())
    assert "签署的协议文本" in str(told)
    filed(agreement, county.sun)
    parties = actions.parties_again(agreement)
    actions.change(agreement, by=county.sun, parties=parties)
    told = refused(actions.NotSigned, actions.sign, agreement, by=county.sun, signed_on=NOON.date())
    assert "省立医院" in str(told)


def test_it_is_signed_neither_tomorrow_nor_when_it_is_over(county):
    agreement = filed(drafted(county), county.sun)
    tomorrow = NOON.date() + DAY
    refused(actions.WrongValidity, actions.sign, agreement, by=county.sun, signed_on=tomorrow)
    late = filed(
        drafted(
            county, number="XY-OLD", valid_from=date(2024, 1, 1), valid_until=NOON.date() - DAY
        ),
        county.sun,
    )
    refused(actions.WrongValidity, actions.sign, late, by=county.sun, signed_on=date(2024, 1, 1))


def test_what_is_signed_is_not_changed_any_more(county):
    agreement = signed(county)
    refused(WrongState, actions.change, agreement, by=county.sun, title="别的")


def test_suspended_it_does_not_count_and_resumed_it_does(county):
    agreement = signed(county)
    refused(Refused, actions.suspend, agreement, by=county.sun, reason=" ")
    actions.suspend(agreement, by=county.sun, reason="对方病房改造")
    assert cover(county).verdict is Verdict.SUSPENDED
    refused(WrongState, actions.sign, agreement, by=county.sun, signed_on=NOON.date())
    actions.resume(agreement, by=county.sun)
    assert cover(county).holds
    actions.end(agreement, by=county.sun, reason="双方同意")
    assert cover(county).verdict is Verdict.ENDED
    refused(WrongState, actions.resume, agreement, by=county.sun)
    # What was done under it before stays covered.
    assert cover(county, on=NOON.date() - DAY).holds


def test_a_draft_may_be_given_up(county):
    agreement = drafted(county)
    actions.end(agreement, by=county.sun, reason="对方不签")
    assert agreement.state == State.ENDED
    assert not InboxItem.objects.filter(subject_id=agreement.pk).exists()
    assert cover(county).verdict is Verdict.NONE


def test_the_trail_tells_of_the_parties(county):
    agreement = drafted(county)
    parties = [*actions.parties_again(agreement), Party(organisation=county.office, side="3")]
    actions.change(agreement, by=county.sun, parties=parties)
    line = TrailEntry.objects.filter(subject_id=agreement.pk).latest("id")
    before, after = line.changes["parties"]
    assert len(after) == len(before) + 1


# ------------------------------------------------------------------------------------- who may


def test_only_who_keeps_it_writes_signs_and_ends(county):
    agreement = signed(county)
    for name in sorted(set(county.actors) - {"sun"}):
        with pytest.raises(Forbidden):
            actions.end(
                Agreement.objects.get(pk=agreement.pk), by=county.actors[name], reason="不要了"
            )
    assert Agreement.objects.get(pk=agreement.pk).state == State.IN_FORCE


def test_a_leader_keeps_the_agreements_of_the_own_house(county):
    agreement, parties = written(county, number="XY-QS")
    agreement.keeper_id = county.township.pk
    actions.draft(agreement, by=county.zhou, parties=parties)
    refused(Forbidden, actions.end, agreement, by=county.wu, reason="x")
    actions.end(agreement, by=county.zhou, reason="不签了")


def test_its_parties_read_it_and_nobody_else(county):
    agreement = signed(county)

    def seen(who: str) -> bool:
        mine = Agreement.objects.visible_to(county.actors[who])
        return mine.filter(pk=agreement.pk).exists()

    readers = {who for who in county.actors if seen(who)}
    # Below the party and covered by it; the nurse, the druggist and the privacy officer do not
    # refer, and 路人 is of another county.
    assert readers == {"wang", "zhao", "zhou", "li", "chen", "wu", "sun", "zheng", "liu"}


def test_a_draft_is_read_by_who_keeps_it(county):
    agreement = drafted(county)
    assert Agreement.objects.visible_to(county.sun).filter(pk=agreement.pk).exists()
    assert not Agreement.objects.visible_to(county.wu).filter(pk=agreement.pk).exists()


# ------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"title": "  "}, "title"),
        ({"number": ""}, "number"),
        ({"kind": "handshake"}, "kind"),
        ({"valid_until": date(2025, 12, 31)}, "valid_until"),
        ({"valid_until": date(2126, 1, 1)}, "valid_until"),
        ({"diagnoses": ["心绞痛"]}, "diagnoses"),
        ({"diagnoses": ["I20%"]}, "diagnoses"),
        ({"departments": "心内科"}, "departments"),
        ({"departments": ["科" * 201]}, "departments"),
        ({"first_duties": [str(each) for each in range(101)]}, "first_duties"),
        ({"quota": 0}, "quota"),
        ({"reserved_percent": 101}, "reserved_percent"),
        ({"title": "a\0b"}, "title"),
    ],
)
def test_what_does_not_hold_is_refused_by_field(county, facts, field):
    agreement, parties = written(county, **facts)
    told = refused(Refused, actions.draft, agreement, by=county.sun, parties=parties)
    assert field in told.fields


def test_a_number_is_given_once_in_a_county(county):
    drafted(county)
    agreement, parties = written(county)
    refused(actions.KnownNumber, actions.draft, agreement, by=county.sun, parties=parties)


def test_parties_are_two_different_houses_of_the_county(county):
    agreement, parties = written(county)
    for wrong in (
        [],
        parties[:1],
        [parties[0], Party(organisation=county.hospital, side="2")],
        [parties[0], Party(organisation=county.strange_hospital, side="2")],
        [parties[0], Party(organisation=county.city, side="9")],
        [
            Party(organisation=county.hospital, role="sends"),
            Party(organisation=county.city, role="sends"),
        ],
    ):
        told = refused(Refused, actions.draft, agreement, by=county.sun, parties=wrong)
        assert set(told.fields) & {"parties", "side"}


def test_a_closed_house_signs_nothing(county):
    agreement, parties = written(county)
    houses.close(county.city, by=county.admin, on=NOON.date())
    refused(actions.WrongParties, actions.draft, agreement, by=county.sun, parties=parties)
    tree.forget()


@pytest.mark.parametrize("content", [b"", b"MZ\x90\x00", b"<html>"])
def test_only_what_looks_like_paper_is_filed(county, content):
    paper = SignedPaper(agreement=drafted(county))
    file = ContentFile(content, "协议.pdf")
    refused(WrongFile, actions.file_paper, paper, by=county.sun, content=file)


def test_the_same_paper_is_filed_once_and_its_digest_kept(county):
    agreement = filed(drafted(county), county.sun)
    kept = agreement.papers.get()
    assert (len(kept.digest), kept.media_type, kept.filed_by) == (64, "application/pdf", "孙主管")
    refused(Conflict, filed, agreement, county.sun)


def test_the_database_keeps_what_an_agreement_promises(county):
    agreement = signed(county)
    for wrong in (
        {"valid_until": date(2025, 1, 1)},
        {"signed_on": None},
        {"state": "suspended", "suspended_on": None},
        {"state": "draft"},
        {"reminded": 30},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Agreement.objects.filter(pk=agreement.pk).update(**wrong)


# ---------------------------------------------------------------------------------- as days go by


def reminders(agreement: Agreement) -> int:
    notices = Notice.objects.filter(subject_id=agreement.pk, audience="agreement.renew")
    return notices.count()


def test_it_is_put_before_its_keeper_sixty_thirty_and_seven_days_before_its_end(county, noon):
    agreement = signed(county, valid_until=NOON.date() + 61 * DAY)
    seen = []
    for _day in range(63):
        worker.everything_due()
        worker.everything_due()
        seen.append(reminders(agreement))
        noon.shift(DAY)
    assert seen[0] == 0
    assert [day for day in range(1, 63) if seen[day] > seen[day - 1]] == [1, 31, 54]
    agreement.refresh_from_db()
    assert agreement.state == State.EXPIRED
    assert not InboxItem.objects.filter(subject_id=agreement.pk).exists()


def test_what_is_about_to_end_lies_in_the_inbox_until_its_last_midnight(county, noon):
    agreement = signed(county, valid_until=NOON.date() + 5 * DAY)
    worker.everything_due()
    item = InboxItem.objects.get(subject_id=agreement.pk, level=0)
    assert (item.org_id, item.audience) == (county.office.pk, "agreement.renew")
    assert timezone.localtime(item.due_at).date() == NOON.date() + 6 * DAY
    assert item.urgency == "urgent"
    assert reminders(agreement) == 1


def test_it_ends_at_midnight_whatever_the_clocks_do(county, noon):
    signed(county, valid_until=NOON.date())
    assert cover(county).holds
    noon.shift(13 * timedelta(hours=1))
    assert cover(county).verdict is Verdict.EXPIRED


def test_a_suspended_agreement_expires_too(county, noon):
    agreement = signed(county, valid_until=NOON.date() + DAY)
    actions.suspend(agreement, by=county.sun, reason="改造")
    noon.shift(2 * DAY)
    worker.everything_due()
    agreement.refresh_from_db()
    assert agreement.state == State.EXPIRED


def test_a_renewal_follows_the_day_after_and_ends_the_reminders(county, noon):
    agreement = signed(county, valid_until=NOON.date() + 20 * DAY)
    worker.everything_due()
    assert InboxItem.objects.filter(subject_id=agreement.pk).exists()
    following = actions.renew(agreement, by=county.sun)
    assert following.follows_id == agreement.pk
    assert following.valid_from == agreement.valid_until + DAY
    assert [party.organisation_id for party in following.in_order] == [
        party.organisation_id for party in agreement.in_order
    ]
    parties = actions.parties_again(agreement)
    for party in parties:
        party.signer = "新院长"
    actions.change(following, by=county.sun, parties=parties)
    actions.sign(filed(following, county.sun), by=county.sun, signed_on=NOON.date())
    assert not InboxItem.objects.filter(subject_id=agreement.pk).exists()
    noon.shift(15 * DAY)
    worker.everything_due()
    assert reminders(agreement) == 1
    # Without a gap: the last day of the old one, the first of the new.
    last = agreement.valid_until
    assert cover(county, on=last).terms.id == agreement.pk
    assert cover(county, on=last + DAY).terms.id == following.pk


def test_neither_a_draft_nor_what_ended_is_renewed(county):
    refused(WrongState, actions.renew, drafted(county), by=county.sun)


# ------------------------------------------------------------------------------- memory and quota


def test_asking_again_costs_no_query(county, django_assert_num_queries):
    signed(county)
    cover(county)
    with django_assert_num_queries(0):
        for _again in range(3):
            assert cover(county, department="心内科", diagnosis="I20.0").holds


def test_a_change_while_the_book_is_being_read_is_read_too(county, django_assert_num_queries):
    signed(county)

    def change_meanwhile(execute, *asked):
        answer = execute(*asked)
        book.forget()
        return answer

    with connection.execute_wrapper(change_meanwhile):
        cover(county)
    with django_assert_num_queries(2):
        cover(county)
    with django_assert_num_queries(0):
        cover(county)


def test_a_quota_costs_the_counting(county, monkeypatch):
    agreement = signed(county, quota=2, quota_by="month")
    asked = []

    def count(periods, but):
        asked.append((periods, but))
        return {agreement.pk: 2}

    from xinglin.registry.agreements import models

    monkeypatch.setitem(models._counts, "referral", count)
    found = cover(county)
    assert found.verdict is Verdict.QUOTA
    assert asked == [({agreement.pk: (date(2026, 3, 1), date(2026, 3, 31))}, None)]


def test_a_kind_that_nobody_counts_is_unused(county):
    agreement = signed(county, kind=Kind.SUPPORT)
    assert uses([agreement.terms], NOON.date()) == {agreement.pk: 0}
    assert callable(counted_by)


def test_agreements_of_another_county_are_not_asked(county):
    signed(county)
    assert book.of(county.strange_region.pk, "referral") == []
    found = cover(county, from_org=county.strange_hospital.pk)
    assert found.verdict is Verdict.NONE


CLICKS = ("sign", "suspend", "resume", "end", "expire", "remind")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(clicks=st.lists(st.tuples(st.sampled_from(CLICKS), st.integers(0, 40)), max_size=8))
def test_any_sequence_of_clicks_stays_on_the_map(county, clicks):
    with transaction.atomic(), time_machine.travel(NOON, tick=False) as now:
        agreement = filed(drafted(county, valid_until=NOON.date() + 70 * DAY), county.sun)
        path = [agreement.state]
        words = {
            "sign": {"by": county.sun, "signed_on": NOON.date()},
            "suspend": {"by": county.sun, "reason": "改造"},
            "resume": {"by": county.sun},
            "end": {"by": county.sun, "reason": "双方同意"},
            "expire": {"by": cast.system(county.region.pk)},
            "remind": {"by": cast.system(county.region.pk), "days": 30},
        }
        for click, days in clicks:
            now.shift(timedelta(days=days))
            try:
                getattr(actions, click)(agreement, **words[click])
            except Refused:
                agreement.refresh_from_db()
            path.append(agreement.state)
            held = cover(county).terms is not None and cover(county).holds
            assert held is (
                agreement.state == State.IN_FORCE and agreement.valid_until >= timezone.localdate()
            )
        for before, after in zip(path, path[1:], strict=False):
            assert before == after or State(after) in Agreement.MOVES[State(before)]
        transaction.set_rollback(True)
    book.forget()


def test_every_permission_has_its_act():
    assert {permission.code for permission in permissions.ACTS} == set(permissions.STATES)
