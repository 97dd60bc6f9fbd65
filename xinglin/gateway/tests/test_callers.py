"""Who may call: machines by token, people by session; strangers see an empty house."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_application_model

from tests.cast import Cast
from tests.machines import SECRET, Machine, ask_token, connect, form, machine
from xinglin.gateway import actions, callers
from xinglin.gateway.models import ClientPost
from xinglin.kernel.access import system
from xinglin.kernel.errors import Conflict, Forbidden, Refused
from xinglin.registry.staff import actions as staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    callers.forget()


def test_a_machine_gets_a_token_and_acts_in_its_post(cast: Cast):
    connect(cast.township, "his")
    answer = ask_token("his")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["token_type"], told["scope"], told["expires_in"]) == ("Bearer", "api", 3600)
    assert answer["Cache-Control"] == "no-store"
    who = Machine(told["access_token"]).get("/caller").json()
    assert who["organisation"]["name"] == "青山镇卫生院"
    assert who["role"] == "his"


def test_the_token_door_answers_as_rfc_6749_says(cast: Cast):
    connect(cast.township, "his")
    for answer, status, error in (
        (ask_token("his", "wrong"), 401, "invalid_client"),
        (ask_token("nobody"), 401, "invalid_client"),
        (
            ask_token("his", grant_type="password", username="x", password="x"),
            400,
            "unsupported_grant_type",
        ),
        (ask_token("his", grant_type="nonsense"), 400, "unsupported_grant_type"),
        (ask_token("his", scope="everything"), 400, "invalid_scope"),
        (ask_token("h\0s"), 400, "invalid_request"),
        (Client().get("/oauth/token"), 405, "invalid_request"),
        (Client().post("/oauth/token"), 400, "unsupported_grant_type"),
    ):
        assert (answer.status_code, answer.json()["error"]) == (status, error), answer.content
    basic = base64.b64encode(f"his:{SECRET}".encode()).decode()
    answer = Client().post(
        "/oauth/token",
        {"grant_type": "client_credentials"},
        headers={"authorization": f"Basic {basic}"},
    )
    assert answer.status_code == 200


def test_a_revoked_token_is_a_stranger_at_once(cast: Cast):
    his = machine(cast.township, "his")
    token = his.headers["authorization"].removeprefix("Bearer ")
    client = {"client_id": "his", "client_secret": SECRET, "token": token}
    assert his.get("/caller").status_code == 200
    told = Client().post("/oauth/introspect", client).json()
    assert (told["active"], told["client_id"]) == (True, "his")
    nobody = Client().post("/oauth/introspect", {"token": token})
    assert (nobody.status_code, nobody.json()) == (401, {"error": "invalid_client"})
    assert Client().post("/oauth/revoke", client).status_code == 200
    assert his.get("/caller").status_code == 401
    assert Client().post("/oauth/introspect", client).json() == {"active": False}


def test_no_token_or_a_wrong_or_old_one_is_401(cast: Cast):
    his = machine(cast.township, "his")
    get_access_token_model().objects.update(expires=timezone.now() - timedelta(seconds=1))
    for caller in (his, Machine("nonsense"), Machine("\0"), Machine("é")):
        answer = caller.get("/referrals")
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert answer.json()["type"] == "about:xinglin/not-signed-in"
    assert Client().get("/api/v1/referrals").status_code == 401
    odd = Client().get("/api/v1/referrals", headers={"authorization": "Basic eDp5"})
    assert odd.status_code == 401


def test_a_token_without_a_post_is_403(cast: Cast):
    client = connect(cast.township, "his")
    token = ask_token("his").json()["access_token"]
    staff.dismiss(client.post, by=system(cast.region.pk), until=timezone.localdate())
    assert Machine(token).get("/caller").status_code == 200
    callers.forget()
    type(client.post).objects.filter(pk=client.post_id).update(
        since=timezone.localdate() - timedelta(days=9),
        until=timezone.localdate() - timedelta(days=1),
    )
    assert Machine(token).get("/caller").json()["type"] == "about:xinglin/no-post"
    application = get_application_model().objects.create(
        client_id="no-post",
        client_secret=SECRET,
        client_type="confidential",
        authorization_grant_type="client-credentials",
    )
    assert application.pk
    token = ask_token("no-post").json()["access_token"]
    assert Machine(token).get("/caller").status_code == 403


def test_a_withdrawn_client_ends_with_its_tokens(cast: Cast):
    client = connect(cast.township, "his")
    token = ask_token("his").json()["access_token"]
    actions.withdraw_client(client, by=system(cast.region.pk))
    assert Machine(token).get("/caller").status_code == 401
    again = ask_token("his").json()["access_token"]
    assert Machine(again).get("/caller").status_code == 403


def test_a_client_id_is_taken_once_and_clients_are_of_ones_own_county(cast: Cast):
    client = connect(cast.township, "his")
    by = system(cast.region.pk)

    def another(client_id: str, secret: str = SECRET) -> None:
        actions.register_client(
            ClientPost(name="另一个", post=client.post), by=by, client_id=client_id, secret=secret
        )

    with pytest.raises(Conflict):
        another("his")
    with pytest.raises(Refused):
        another("密")
    with pytest.raises(Refused):
        another("other", "")
    by = cast.wang
    with pytest.raises(Forbidden):
        another("other")


def test_a_signed_in_person_calls_in_their_post_with_csrf(cast: Cast):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.users["wang"])
    who = browser.get("/api/v1/caller")
    assert who.json()["name"] == "王医生"
    refused = browser.post("/api/v1/referrals", form(cast), content_type="application/json")
    assert refused.status_code == 403
    browser.get("/login/")
    browser.cookies["csrftoken"] = "a" * 32
    sent = browser.post(
        "/api/v1/referrals",
        form(cast),
        content_type="application/json",
        headers={"x-csrftoken": "a" * 32},
    )
    assert sent.status_code == 201, sent.content


def test_a_stranger_sees_an_empty_house(cast: Cast):
    his = machine(cast.township, "his")
    stranger = machine(cast.strange_hospital, "stranger")
    sent = his.post("/referrals", form(cast)).json()
    visit = his.post(
        "/encounters",
        {
            "person": str(cast.patient.pk),
            "kind": "outpatient",
            "started_at": timezone.now().isoformat(),
        },
    ).json()
    for path in (
        f"/referrals/{sent['id']}",
        f"/referrals/{sent['id']}/timeline",
        f"/people/{cast.patient.pk}",
        f"/people/{cast.patient.pk}/timeline",
        f"/people/{cast.patient.pk}/identifiers",
        f"/encounters/{visit['id']}",
        f"/encounters?person={cast.patient.pk}",
        f"/organisations/{cast.township.pk}",
        f"/organisations/{cast.township.pk}/departments",
        f"/practitioners/{cast.actors['wang'].practitioner_id}",
    ):
        assert his.get(path).status_code == 200, path
        assert stranger.get(path).status_code == 404, path
    for path in ("/referrals", "/people", "/inbox"):
        assert stranger.get(path).json() == {"items": [], "count": 0}
    for act in ("accept", "treat", "submit", "approve"):
        assert stranger.post(f"/referrals/{sent['id']}/{act}").status_code == 404
    assert stranger.post(f"/encounters/{visit['id']}/void", {"reason": "x"}).status_code == 404
