"""Orders as FHIR R4: valid against the schema, kept as golden files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from tests.fhir import assert_valid
from tests.goldens import assert_golden
from xinglin.clinical.orders.fhir import administration, to_fhir
from xinglin.clinical.orders.models import Execution, Order, State
from xinglin.clinical.record.models import Encounter
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person

AT = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
HOUSE = Organisation(id=UUID(int=2), name="青山镇卫生院", level="township")
GRANNY = Person(id=UUID(int=1), name="陈桂香", county_id=UUID(int=9))
VISIT = Encounter(id=UUID(int=3), person=GRANNY, organisation=HOUSE, kind="inpatient")


def order(number: int, **facts) -> Order:
    given = {
        "kind": "drug",
        "term": "long",
        "code": "cefoperazone-sulbactam-inj",
        "name": "注射用头孢哌酮钠舒巴坦钠",
        "strength": "1.5 g",
        "dose_value": Decimal(3),
        "dose_unit": "g",
        "route": "ivgtt",
        "frequency": "q12h",
        "state": "active",
        "start_at": AT,
        "signed_at": AT,
        "signed_by": "王医生",
        "updated_at": AT,
    }
    return Order(
        id=UUID(int=number),
        county_id=UUID(int=9),
        organisation=HOUSE,
        person=GRANNY,
        encounter=VISIT,
        **{**given, **facts},
    )


PLAIN = {"dose_value": None, "dose_unit": "", "route": "", "strength": ""}


def orders() -> list[Order]:
    return [
        order(10, group=UUID(int=99), override="既往用过无反应"),
        order(
            11,
            code="amlodipine-tab",
            name="苯磺酸氨氯地平片",
            dose_value=Decimal("2.5"),
            dose_unit="mg",
            route="po",
            frequency="qod",
            term="take-home",
            days=14,
            quantity=Decimal(1),
            quantity_unit="盒",
            instruction="晨起服用",
        ),
        order(
            12,
            code="paracetamol-tab",
            name="对乙酰氨基酚片",
            dose_value=Decimal("0.5"),
            route="po",
            frequency="prn",
            state="ended",
            end_code="better",
            ended_at=AT + timedelta(days=1),
        ),
        order(
            13,
            code="penicillin-g-inj",
            name="注射用青霉素钠",
            dose_value=Decimal(1600000),
            dose_unit="[iU]",
            frequency="st",
            term="temporary",
            emergency=True,
            state="voided",
            end_code="wrong-patient",
            ended_at=AT,
        ),
        order(14, kind="nursing", code="care-2", name="二级护理", frequency="cont", **PLAIN),
        order(
            15,
            kind="laboratory",
            term="temporary",
            code="lab-cbc",
            name="血常规",
            frequency="once",
            state="completed",
            **PLAIN,
        ),
        order(
            16,
            kind="treatment",
            code="",
            name="红外线照射",
            frequency="biw",
            state="cancelled",
            end_code="changed",
            ended_at=AT,
            **PLAIN,
        ),
    ]


def executions() -> list[Execution]:
    of = {"order": order(10), "person": GRANNY, "due_at": AT, "updated_at": AT}
    return [
        Execution(
            id=UUID(int=20),
            state="given",
            given_at=AT + timedelta(minutes=7),
            given_by="马护士",
            second="王医生",
            amount=Decimal(3),
            **of,
        ),
        Execution(
            id=UUID(int=21), state="omitted", given_at=AT, given_by="马护士", reason="refused", **of
        ),
        Execution(id=UUID(int=22), state="due", **of),
        Execution(
            id=UUID(int=23), state="given", given_at=AT, given_by="马护士", voided_at=AT, **of
        ),
    ]


def test_golden_orders():
    told = [to_fhir(each) for each in orders()] + [administration(row) for row in executions()]
    for resource in told:
        assert_valid(resource)
    assert_golden("fhir-orders", told)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("kind", ["drug", "procedure"])
def test_every_state_has_a_status_of_the_standard(state, kind):
    facts = {} if kind == "drug" else {"code": "", "name": "清创", "frequency": "once", **PLAIN}
    assert_valid(to_fhir(order(30, kind=kind, state=state, **facts)))


def test_amount_and_unit_are_ucum():
    told = to_fhir(orders()[3])
    dose = told["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]
    assert (dose["value"], dose["code"], dose["system"]) == (
        1600000,
        "[iU]",
        "http://unitsofmeasure.org",
    )
    assert told["status"] == "entered-in-error"
