"""The description of the REST door: held to the code, and readable without any script."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from django.test import Client, override_settings
from ninja.openapi.schema import OpenAPISchema

from tests.cast import Cast
from tests.machines import form, machine
from xinglin.clinical.referral.permissions import ACTS
from xinglin.gateway import descriptions, openapi
from xinglin.gateway.rest import PREFIX, api

ENGLISH = descriptions.file_for("en")
GOLDEN = Path(__file__).resolve().parents[3] / "tests" / "golden" / "openapi.json"


def test_the_description_is_the_one_that_was_agreed():
    """Refreshed by XINGLIN_GOLDEN=write and read as a diff."""
    now = json.dumps(openapi.document(), ensure_ascii=False, indent=0, sort_keys=True) + "\n"
    if os.environ.get("XINGLIN_GOLDEN") == "write":
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(now, "utf-8")
    assert now == GOLDEN.read_text("utf-8"), "make golden, and look at the difference"


def test_no_two_schemas_share_a_name(monkeypatch):
    known: dict[str, object] = {}

    def add(self: OpenAPISchema, definitions: dict[str, object]) -> None:
        for name, schema in definitions.items():
            assert known.setdefault(name, schema) == schema, name
        self.schemas.update(definitions)

    monkeypatch.setattr(OpenAPISchema, "add_schema_definitions", add)
    api.get_openapi_schema(path_prefix=PREFIX)


def test_every_operation_has_a_name_a_summary_and_a_tag_in_chinese():
    names = []
    for path, _method, operation in openapi.operations(openapi.document()):
        names.append(operation["operationId"])
        assert re.search("[\u4e00-\u9fff]", operation["summary"]), path
        assert re.search("[\u4e00-\u9fff]", operation["tags"][0]), path
    assert len(names) == len(set(names))


def test_every_act_on_a_referral_has_its_address():
    paths = openapi.document()["paths"]
    for permission in ACTS:
        act = permission.code.removeprefix("referral.")
        assert f"/api/v1/referrals/{{pk}}/{act}" in paths


@pytest.mark.django_db
def test_the_page_reads_without_signing_in_and_without_scripts_of_others():
    page = Client().get("/api/v1/docs")
    assert page.status_code == 200
    text = page.content.decode()
    assert "/api/v1/referrals/{pk}/accept" in text
    assert not re.search(r"(src|href)=[\"'](https?:)?//", text)
    assert not re.search(r"<script(?![^>]*(src|application/json))", text)
    assert "unsafe-inline" not in page["Content-Security-Policy"]
    assert Client().get("/api/v1/openapi.json").json()["openapi"] == "3.1.0"


@pytest.mark.django_db
def test_metrics_are_for_this_machine_or_a_token(cast: Cast):
    machine(cast.township, "his").post("/referrals", form(cast))
    told = Client().get("/metrics").content.decode()
    assert "\nxinglin_referrals_open 1\n" in told
    assert "陈桂香" not in told
    away = Client(REMOTE_ADDR="10.0.0.9")
    assert away.get("/metrics").status_code == 403
    assert Client().get("/metrics", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 403
    with override_settings(METRICS_TOKEN="t-1"):
        assert away.get("/metrics", headers={"authorization": "Bearer t-1"}).status_code == 200
        assert away.get("/metrics", headers={"authorization": "Bearer t-2"}).status_code == 403


def test_every_text_of_the_description_has_its_english():
    """`make messages` collects new ones into locale/en/LC_MESSAGES/api.po."""
    known = descriptions.read(descriptions.file_for("en"))
    wanted = set(descriptions.texts(openapi.document()))
    assert (
        sorted(text for text in wanted if not known.get(text) or not known.get(text).string) == []
    )
    assert sorted(message.id for message in known if message.id and message.id not in wanted) == []


def test_the_description_speaks_the_language_that_is_asked_for(client):
    chinese = client.get("/api/v1/openapi.json").json()
    english = client.get("/api/v1/openapi.json", headers={"Accept-Language": "en"}).json()
    assert chinese["paths"].keys() == english["paths"].keys()
    assert list(descriptions.texts(chinese)) == list(descriptions.texts(openapi.document()))
    assert list(descriptions.texts(english)) == []
