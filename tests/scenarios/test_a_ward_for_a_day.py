"""一天的全科病房：入院、开医嘱、审方、核对、执行、抢救、停嘱、出院带药。"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from tests import cast
from xinglin.clinical.orders import actions as orders
from xinglin.clinical.orders.models import Done, Execution, Order, State
from xinglin.clinical.orders.tests import factories as ward
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Allergy, Medication
from xinglin.kernel import inbox, worker
from xinglin.kernel.models import InboxItem

pytestmark = pytest.mark.django_db


def test_a_general_practice_ward_runs_for_a_day():
    morning = timezone.make_aware(datetime(2026, 3, 2, 8, 30))
    with time_machine.travel(morning, tick=False) as clock:
        county = cast.make()
        patient = county.patient
        record.note(
            Allergy(
                person=patient,
                organisation=county.village,
                substance="磺胺类",
                noted_on=timezone.localdate(),
            ),
            by=county.zhao,
        )

        # 陈桂香 has pneumonia: 王医生 admits her and takes the ward's usual orders
        visit = ward.admitted(county, started_at=morning)
        drafts = orders.apply_set(visit, by=county.wang, code="pneumonia")
        orders.sign_all(drafts, by=county.wang)

        # 方药师 of the county hospital checks the drugs; nursing and tests need no pharmacist
        waiting = Order.objects.visible_to(county.fang).filter(state=State.REVIEW)
        assert {order.kind for order in waiting} == {"drug"}
        clock.shift(timedelta(minutes=10))
        for order in waiting:
            orders.accept(order, by=county.fang)

        # 马护士 reads the sheet and checks it; the tests are due at once
        clock.shift(timedelta(minutes=10))
        for order in Order.objects.filter(state=State.TO_CHECK):
            orders.check(order, by=county.ma)
        due = Execution.objects.waiting().before(timezone.now() + timedelta(hours=1))
        assert {row.order.kind for row in due} == {"laboratory", "examination"}
        orders.give_all(due, by=county.ma)

        # at noon she gives what has come due, and is in time
        clock.move_to(morning.replace(hour=12, minute=5))
        for row in Execution.objects.waiting().before(timezone.now()):
            orders.give(row.order, by=county.ma, execution=row)
        given = Execution.objects.filter(state=Done.GIVEN, order__code="ambroxol-tab")
        assert [row.late for row in given.order_by("due_at")][-1] is False

        # in the afternoon she gets worse: a word, a dose, and the signature afterwards
        clock.move_to(morning.replace(hour=15))
        spoken = ward.written(
            visit,
            code="furosemide-inj",
            term="temporary",
            dose_value=Decimal(20),
            frequency="st",
            ordered_by="王医生",
        )
        orders.voice(spoken, by=county.ma)
        orders.give(spoken, by=county.ma, execution=spoken.executions.get())
        assert spoken.state == State.UNSIGNED
        clock.shift(timedelta(minutes=20))
        orders.sign(spoken, by=county.wang)

        # nobody gives the four o'clock round: an hour later it is late, and the doctor hears of it
        clock.move_to(morning.replace(hour=17, minute=20))
        inbox.raise_overdue()
        assert InboxItem.objects.filter(kind="orders", level=1, audience="role:township-doctor")
        for row in Execution.objects.waiting().before(timezone.now()):
            orders.give(row.order, by=county.ma, execution=row)
        assert Execution.objects.filter(late=True).exists()

        # over night the worker lays out the next day, each time once
        clock.move_to(morning + timedelta(hours=23))
        worker.everything_due()
        tomorrow = Execution.objects.filter(order__code="ambroxol-tab", due_at__gt=timezone.now())
        assert tomorrow.count() == len({row.due_at for row in tomorrow}) >= 3

        # better after a day: the drip is stopped whole, drugs for home are written, she goes
        drip = Order.objects.get(code="cefoperazone-sulbactam-inj")
        assert len(orders.stop_group(drip, by=county.wang, code="better")) == 2
        home = ward.running(
            county,
            visit,
            code="cefuroxime-tab",
            term="take-home",
            dose_value=Decimal("0.25"),
            frequency="bid",
            days=5,
        )
        orders.give(home, by=county.ma, execution=home.executions.get())
        clock.shift(timedelta(hours=1))
        record.end_encounter(
            visit, by=county.wang, ended_at=timezone.now(), discharge_way="1", outcome="2"
        )
        worker.everything_due()

        # nothing is open, nothing is due, and the village reads what she takes at home
        assert not Order.objects.open().exists()
        assert not Execution.objects.waiting().exists()
        assert not InboxItem.objects.filter(kind="orders").exists()
        taken = Medication.objects.visible_to(county.zhao).of(patient)
        (now,) = taken.in_use(timezone.localdate() + timedelta(days=2))
        assert (now.name, now.prescriber) == ("头孢呋辛酯片", "王医生")
