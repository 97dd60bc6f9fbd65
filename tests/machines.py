"""Two machines that call: the HIS of the township centre and the one of the county hospital."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.utils import timezone

from tests.cast import Cast
from xinglin.gateway import callers
from xinglin.gateway.actions import register_client
from xinglin.gateway.models import ClientPost
from xinglin.kernel.access import system
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.staff import actions as staff
from xinglin.registry.staff.models import Post, Practitioner

SECRET = "xinglin-test"
forget_tokens = callers.forget


class Machine:
    """A client that speaks JSON and shows its token."""

    def __init__(self, token: str) -> None:
        self.http = Client(raise_request_exception=False)
        self.headers = {"authorization": f"Bearer {token}"}

    def get(self, path: str, **query: Any) -> Any:
        return self.http.get(f"/api/v1{path}", query_params=query, headers=self.headers)

    def post(self, path: str, body: Any = None, *, key: str = "") -> Any:
        return self._send("post", path, body, {"idempotency-key": key} if key else {})

    def patch(self, path: str, body: Any) -> Any:
        return self._send("patch", path, body, {})

    def upload(self, path: str, *, key: str = "", **fields: Any) -> Any:
        more = {"idempotency-key": key} if key else {}
        return self.http.post(f"/api/v1{path}", fields, headers={**self.headers, **more})

    def _send(self, method: str, path: str, body: Any, more: dict[str, str]) -> Any:
        return getattr(self.http, method)(
            f"/api/v1{path}",
            {} if body is None else body,
            content_type="application/json",
            headers={**self.headers, **more},
        )


def connect(house: Organisation, client_id: str, role: str = "his") -> ClientPost:
    """A machine with a post at a house."""
    by = system(house.region_id)
    worker = staff.employ(
        Practitioner(county_id=house.region_id, code=client_id, name=f"{house} HIS"), by=by
    )
    post = staff.appoint(
        Post(practitioner=worker, organisation=house, role=role, since=timezone.localdate()),
        by=by,
    )
    return register_client(
        ClientPost(name=f"{house} HIS", post=post), by=by, client_id=client_id, secret=SECRET
    )


def ask_token(client_id: str, secret: str = SECRET, **more: str) -> Any:
    return Client().post(
        "/oauth/token",
        {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret,
            **more,
        },
    )


def machine(house: Organisation, client_id: str, role: str = "his") -> Machine:
    connect(house, client_id, role)
    answer = ask_token(client_id)
    assert answer.status_code == 200, answer.content
    return Machine(answer.json()["access_token"])


def form(cast: Cast, **facts: Any) -> dict[str, Any]:
    """A complete referral from the township to the county hospital."""
    return {
        "person": str(cast.patient.pk),
        "to_org": str(cast.hospital.pk),
        "to_department": "心内科",
        "doctor": "王医生",
        "diagnosis_code": "I20.0",
        "diagnosed_on": timezone.localdate().isoformat(),
        "symptoms": "活动后胸闷两周",
        "past_history": "高血压十年",
        "allergies": "否认药物过敏",
        "treatment": "口服阿司匹林",
        "reason_code": "equipment",
        "consent_method": "paper",
        "consent_signer": cast.patient.name,
        "consented_at": timezone.now().isoformat(),
        **facts,
    }
