"""A POST that is sent twice is done once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.cast import Cast, make
from tests.machines import Machine, form, machine
from tests.races import together
from xinglin.clinical.record.models import Document
from xinglin.clinical.referral.models import Referral
from xinglin.gateway import idempotency
from xinglin.gateway.models import StoredAnswer
from xinglin.registry.people.models import Person


@pytest.fixture
def his(cast: Cast) -> Machine:
    return machine(cast.township, "his")


@pytest.mark.django_db
def test_the_same_key_gives_the_same_answer_and_acts_once(cast, his):
    body = form(cast)
    first = his.post("/referrals", body, key="k-1")
    again = his.post("/referrals", body, key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again["Idempotent-Replay"] == "true"
    assert "Idempotent-Replay" not in first
    assert again["Location"] == first["Location"] == f"/api/v1/referrals/{first.json()['id']}"
    assert Referral.objects.count() == 1


@pytest.mark.django_db
def test_an_act_is_repeatable_too(cast, his):
    hospital = machine(cast.hospital, "hospital")
    sent = his.post("/referrals", form(cast)).json()
    address = f"/referrals/{sent['id']}/accept"
    first = hospital.post(address, {"place": "302"}, key="a")
    assert hospital.post(address, {"place": "302"}).status_code == 409
    assert hospital.post(address, {"place": "302"}, key="a").content == first.content


@pytest.mark.django_db
def test_a_key_is_for_one_request(cast, his):
    his.post("/people", {"name": "张三"}, key="k")
    for path, body in (("/people", {"name": "李四"}), ("/encounters", {"name": "张三"})):
        refused = his.post(path, body, key="k")
        assert refused.status_code == 422
        assert refused.json()["type"] == "about:xinglin/idempotency-key-reused"
    assert not Person.objects.filter(name="李四").exists()


@pytest.mark.django_db
def test_a_key_is_its_callers_own(cast, his):
    other = machine(cast.other_township, "other")
    first = his.post("/people", {"name": "张三"}, key="k")
    second = other.post("/people", {"name": "张三"}, key="k")
    assert second.status_code == 201
    assert first.json()["id"] != second.json()["id"]


@pytest.mark.django_db
def test_a_refused_request_may_be_corrected_under_its_key(cast, his):
    assert his.post("/people", {"name": ""}, key="k").status_code == 422
    assert not StoredAnswer.objects.exists()
    assert his.post("/people", {"name": "张三"}, key="k").status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["a b", "键", "x" * 201, "\t"])
def test_an_odd_key_is_refused(his, key):
    answer = his.post("/people", {"name": "张三"}, key=key)
    assert answer.status_code == 422
    assert not Person.objects.filter(name="张三").exists()


@pytest.mark.django_db
def test_an_upload_is_the_same_whatever_its_boundary(cast, his):
    def send(content: bytes) -> Any:
        return his.upload(
            "/documents",
            key="k",
            person=str(cast.patient.pk),
            file=SimpleUploadedFile("a.pdf", content),
        )

    first, again = send(b"%PDF-1"), send(b"%PDF-1")
    assert (first.status_code, first.content) == (201, again.content)
    assert send(b"%PDF-2").status_code == 422
    with Document.objects.get().file as kept:
        assert kept.read() == b"%PDF-1"


@pytest.mark.django_db
def test_old_answers_are_forgotten_after_two_days(his):
    his.post("/people", {"name": "张三"}, key="k")
    assert idempotency.purge() == 0
    StoredAnswer.objects.update(created_at=timezone.now() - timedelta(hours=49))
    assert idempotency.purge() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_ten_senders_of_one_key_are_served_by_one_act():
    cast = make()
    his = machine(cast.township, "his")
    body = form(cast)

    def send() -> Any:
        sender = Machine(his.headers["authorization"].removeprefix("Bearer "))
        return sender.post("/referrals", body, key="race")

    answers = together(*[send] * 10)
    assert [answer.status_code for answer in answers] == [201] * 10
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replay" not in answer for answer in answers) == 1
    assert Referral.objects.count() == 1
