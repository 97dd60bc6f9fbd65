"""What is refused, to whom, and with which sentence."""

from __future__ import annotations

import pytest
from django.utils import timezone

from xinglin.clinical.orders import actions as orders
from xinglin.clinical.orders.models import Order
from xinglin.clinical.orders.tests import factories as ward
from xinglin.kernel.errors import Conflict, Forbidden, Refused


@pytest.fixture
def visit(county):
    return ward.admitted(county)


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"code": "no-such-drug"}, "code"),
        ({"code": "", "name": ""}, "code"),
        ({"dose_value": None}, "dose_value"),
        ({"dose_value": 0}, "dose_value"),
        ({"dose_value": -1}, "dose_value"),
        ({"dose_unit": "颗"}, "dose_unit"),
        ({"frequency": "q37h"}, "frequency"),
        ({"frequency": "st"}, "frequency"),
        ({"route": "telepathy"}, "route"),
        ({"term": "temporary"}, "frequency"),
        ({"start_at": timezone.make_aware(timezone.datetime(2026, 1, 1))}, "start_at"),
        ({"start_at": timezone.make_aware(timezone.datetime(2196, 1, 1))}, "start_at"),
        ({"planned_end": timezone.make_aware(timezone.datetime(2026, 3, 1))}, "planned_end"),
        ({"planned_end": timezone.make_aware(timezone.datetime(2099, 3, 1))}, "planned_end"),
        ({"days": 0}, "days"),
        ({"instruction": "长" * 300}, "instruction"),
        ({"kind": "nursing", "code": "lab-cbc"}, "code"),
        ({"kind": "nursing", "code": "care-2", "term": "take-home"}, "term"),
        ({"kind": "nursing", "code": "", "name": "", "frequency": "cont"}, "code"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence_at_its_field(county, visit, facts, field):
    with pytest.raises(Refused) as refusal:
        ward.drafted(county, visit, **facts)
    assert field in refusal.value.fields
    assert str(refusal.value)
    assert not Order.objects.exists()


def test_each_does_their_own_part_and_strangers_nothing(county, visit):
    order = ward.drafted(county, visit)
    for who in (county.ma, county.fang, county.liu, county.stranger):
        with pytest.raises(Forbidden):
            orders.sign(order, by=who)
    orders.sign(order, by=county.wang)
    for who in (county.wang, county.ma, county.stranger):
        with pytest.raises(Forbidden):
            orders.accept(order, by=who)
    orders.accept(order, by=county.fang)
    for who in (county.wang, county.fang, county.liu, county.stranger):
        with pytest.raises(Forbidden):
            orders.check(order, by=who)


def test_who_sees_an_order(county, visit):
    draft = ward.drafted(county, visit)
    seen = Order.objects.visible_to
    assert seen(county.wang).filter(pk=draft.pk).exists()
    assert not seen(county.fang).exists()
    orders.sign(draft, by=county.wang)
    assert seen(county.fang).filter(pk=draft.pk).exists()
    assert seen(county.zhao).filter(pk=draft.pk).exists()
    for who in (county.stranger, county.liu, county.li, county.zheng, county.admin, county.sun):
        assert not seen(who).exists(), who.name


def test_two_orders_of_one_person_conflict_only_with_a_sentence(county, visit):
    order = ward.running(county, visit, code="salbutamol-inhaler", dose_value=200, frequency="prn")
    orders.give(order, by=county.ma)
    with pytest.raises(Conflict):
        orders.give(order, by=county.ma)
