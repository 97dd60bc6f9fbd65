"""The order of destinations: hard rules, scores, reasons, and that it is the same every time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tests import cast
from xinglin.clinical.capacity.tests import bed_factories
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.actions.answers import sum_up_answers
from xinglin.clinical.referral.destinations.directory import directory
from xinglin.clinical.referral.destinations.finding import Found, find
from xinglin.clinical.referral.destinations.models import Acceptance
from xinglin.clinical.referral.destinations.ranking import FACTORS, Facts, scores, shares
from xinglin.clinical.referral.destinations.wanted import Wanted
from xinglin.clinical.referral.tests import placing
from xinglin.kernel.access import system
from xinglin.registry.organisations import actions as houses
from xinglin.registry.organisations.models import Capability, Department, TravelTime, tree

WEIGHTS = {"routine": dict.fromkeys(FACTORS, 10.0)}

some_facts = st.builds(
    Facts,
    capability=st.sampled_from([0.5, 0.7, 1.0]),
    wait_hours=st.none() | st.floats(0, 2000),
    beds=st.none() | st.integers(0, 60),
    minutes=st.none() | st.integers(0, 1440),
    price=st.floats(0, 1),
    covered=st.booleans(),
    asked=st.just(40),
    accepted=st.integers(0, 40),
    median=st.none() | st.integers(0, 10_000),
)
# How each thing that is known gets better; None where it cannot.
BETTER = {
    "wait_hours": lambda v: 5.0 if v is None else v / 2,
    "beds": lambda v: None if v is None else v + 1,
    "minutes": lambda v: 60 if v is None else v // 2,
    "price": lambda v: min(1.0, v + 0.1),
    "covered": lambda v: True,
    "accepted": lambda v: min(40, v + 1),
    "median": lambda v: 30 if v is None else v // 2,
    "capability": lambda v: 1.0,
}


@given(some_facts, st.sampled_from(sorted(BETTER)), st.data())
def test_what_gets_better_never_lets_a_destination_fall(facts, name, data):
    weights = {factor: data.draw(st.integers(0, 50)) for factor in FACTORS}
    better = replace(facts, **{name: BETTER[name](getattr(facts, name))})
    before, after = (sum(s.points for s in shares(each, weights)) for each in (facts, better))
    assert after >= before - 0.05


@given(some_facts)
def test_every_score_lies_between_nothing_and_one(facts):
    assert set(scores(facts)) == set(FACTORS)
    assert all(0 <= score <= 1 for score in scores(facts).values())


# ------------------------------------------------------------------------------ with a county

in_the_county = pytest.mark.django_db


@pytest.fixture
def county(county_at_noon):
    yield placing.ready(county_at_noon)
    # What a test has closed is open again once its county is rolled back.
    tree.forget()


def wanted(county, **facts) -> Wanted:
    base = {
        "county_id": county.region.pk,
        "from_org_id": county.township.pk,
        "diagnosis": "I20.0",
        "sex": "1",
    }
    return Wanted(**{**base, **facts})


def names(found: Found) -> list[str]:
    return [str(each.house) for each in found.destinations]


def why_not(found: Found, house) -> str:
    return next((each.reason for each in found.excluded if each.house == house), "")


@in_the_county
def test_a_heart_goes_to_cardiology_with_the_first_free_slot(county):
    first = find(wanted(county, department="心内科")).destinations[0]
    assert (first.house, first.department) == (county.hospital, "心内科")
    assert first.slot == placing.slot()
    assert first.place == f"slot:{placing.slot().pk}"
    told = [words for words, _tone in first.why]
    assert "最早 明天 08:00" in told
    assert "协议内" in told


@in_the_county
def test_a_full_slot_is_not_offered(county):
    placing.filled(county, placing.slot())
    first = find(wanted(county, department="心内科")).destinations[0]
    assert first.slot == placing.slot("08:30")


@in_the_county
def test_beds_are_those_for_the_sex(county):
    house = county.hospital
    ward = bed_factories.ward(house, "骨科病区")
    bed_factories.room(ward, "401", "1", "2", sex="female")
    directory.forget()
    asked = wanted(county, kind="inpatient", department=ward.department.name, diagnosis="")
    man, woman = (find(replace(asked, sex=sex)).destinations[0] for sex in ("1", "2"))
    assert (man.beds, woman.beds) == (0, 2)
    assert woman.place == f"ward:{ward.pk}"
    assert ("有床 2", "good") in woman.why
    assert ("暂无空床", "warn") in man.why


@in_the_county
def test_whoever_lacks_the_technique_is_left_out_and_told(county):
    found = find(wanted(county, department="心内科", needs=("pci",)))
    assert why_not(found, county.other_township).startswith("不具备：")
    assert county.other_township not in [each.house for each in found.destinations]


@in_the_county
def test_a_disease_beyond_a_house_leaves_it_out(county):
    found = find(wanted(county))
    assert why_not(found, county.other_township) == "I20.0 不在该机构的病种目录内。"


@in_the_county
def test_a_house_that_dropped_the_disease_is_left_out(county):
    by = system(county.region.pk)
    houses.declare(
        Capability(
            organisation=county.hospital,
            kind="disease",
            code="I20.0",
            name="不稳定型心绞痛",
            held=False,
            since=timezone.localdate(),
        ),
        by=by,
    )
    directory.forget()
    assert "病种目录" in why_not(find(wanted(county)), county.hospital)


@in_the_county
def test_a_department_that_takes_nobody_is_left_out(county):
    Department.objects.filter(name="心内科").update(takes_referrals=False)
    directory.forget()
    found = find(wanted(county, department="心内科"))
    assert why_not(found, county.hospital) == "该科室暂不接收转诊。"


@in_the_county
def test_a_closed_house_is_left_out(county):
    houses.close(county.other_township, by=system(county.region.pk), on=timezone.localdate())
    directory.forget()
    assert why_not(find(wanted(county, diagnosis="")), county.other_township) == "已停办。"


@in_the_county
def test_a_village_is_not_offered_its_neighbour_and_no_route_is_no_destination(county):
    found = find(wanted(county, from_org_id=county.village.pk, diagnosis=""))
    assert county.village not in [each.house for each in found.destinations]
    assert "不能直接转往" in why_not(found, county.city)
    urgent = find(wanted(county, from_org_id=county.village.pk, diagnosis="", urgency="emergency"))
    assert county.city in [each.house for each in urgent.destinations]


@in_the_county
def test_another_county_is_never_a_destination(county):
    assert "临水县人民医院" not in names(find(wanted(county, diagnosis="")))


@in_the_county
def test_downwards_the_nearest_house_comes_first(county):
    by = system(county.region.pk)
    for house, minutes in ((county.township, 50), (county.other_township, 10)):
        houses.time_travel(
            TravelTime(from_org=county.hospital, to_org=house, minutes=minutes), by=by
        )
    found = find(wanted(county, from_org_id=county.hospital.pk, direction="down", diagnosis=""))
    down = [name for name in names(found) if "卫生院" in name]
    assert down == ["柳溪镇卫生院", "青山镇卫生院"]


@in_the_county
def test_the_order_is_the_same_every_time(county):
    asked = wanted(county, diagnosis="")
    assert names(find(asked)) == names(find(asked))
    points = [each.points for each in find(asked).destinations]
    assert points == sorted(points, reverse=True)


@in_the_county
def test_the_points_are_the_sum_of_what_is_told(county):
    for each in find(wanted(county, diagnosis="")).destinations:
        assert each.points == pytest.approx(sum(share.points for share in each.shares), abs=0.01)


@in_the_county
def test_past_answers_are_summed_up_by_the_clock(county, noon):
    yes = referrals.submit(cast.letter(county), by=county.wang)
    noon.shift(1800)
    referrals.accept(yes, by=county.li)
    referrals.cancel(yes, by=county.wang, code="patient-better")
    no = referrals.submit(cast.letter(county), by=county.wang)
    noon.shift(600)
    referrals.decline(no, by=county.li, code="no-bed", alternative="门诊")
    # Sent on, the letter forgets the refusal; the house's record does not.
    referrals.redirect(no, by=county.wang, to_org=county.other_township)
    sum_up_answers()
    whole = Acceptance.objects.get(organisation=county.hospital, department="")
    assert (whole.asked, whole.accepted, whole.median) == (2, 1, 20)
    first = find(wanted(county, department="心内科")).destinations[0]
    told = [words for words, _tone in first.why]
    assert "50% 接收" in told
    assert "中位 20 分钟答复" in told


@in_the_county
def test_the_number_of_queries_does_not_grow_with_the_houses(county, django_assert_max_num_queries):
    asked = wanted(county, department="心内科")
    find(asked)
    with django_assert_max_num_queries(5):
        find(asked)
    by = system(county.region.pk)
    for number in range(12):
        cast.house(by, county.hospital, "township", f"第{number}卫生院")
    directory.forget()
    find(asked)
    with django_assert_max_num_queries(5):
        found = find(replace(asked, kind="inpatient"))
    assert found.destinations
