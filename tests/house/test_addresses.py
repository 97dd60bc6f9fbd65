"""Every address of the house, tried by everybody: closed by default, and never a breakdown.

The table of addresses is walked, so that a new one is tried without a line here. An address
with an id is tried with an object of every kind that the county has.
"""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from ninja.operation import PathView

from tests import cast
from tests.standing import standing_county
from xinglin.clinical.orders import forms as order_forms
from xinglin.clinical.orders.tests import factories as ward
from xinglin.clinical.record import actions as record
from xinglin.clinical.record.models import Allergy, Diagnosis, Document, Medication, Observation
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral import rules
from xinglin.clinical.referral.forms import ACT_FORMS
from xinglin.clinical.referral.models import Referral
from xinglin.clinical.referral.tests import factories as road
from xinglin.gateway.fhir.registry import TYPES
from xinglin.kernel.models import Job
from xinglin.registry.organisations import actions as houses
from xinglin.registry.organisations.models import Department
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import Identifier
from xinglin.registry.staff.models import User

# What may be read without signing in, and why.
OPEN = {
    "/login/": "the door itself",
    "/healthz": "whether it lives: for the machine that watches",
    "/readyz": "whether it works: for the machine that watches",
    "/metrics": "counts without names: for the machine that watches",
    "/api/v1/openapi.json": "the description of the doors",
    "/api/v1/docs": "the description of the doors",
    "/fhir/metadata": "the description of the doors",
    "/fhir/.well-known/smart-configuration": "where a machine gets its token",
}
# Doors for machines answer 401 where pages lead to the login.
MACHINES = ("/api/", "/oauth/", "/fhir/", "/dicomweb/")
# What somebody without a post may still read: their own account and the empty workbench.
POSTLESS = {"/", "/account/", *OPEN}
# Names of parts of addresses that are no ids, with something that fits each. An unknown name is
# tried with a word that fits nothing.
WORDS = {
    "name": [*ACT_FORMS, *order_forms.ACT_FORMS],
    "term": ["long", "temporary", "take-home"],
    "group": ["stop"],
    "kind": ["encounter", "diagnosis", "observation", "allergy", "medication", "document"],
    "system": ["icd10", "sex"],
    "form": ["csv", "xlsx"],
    "code": ["I10"],
}
SECRET = "活动后胸闷两周"
# Not the name that the search box gives as an example.
NAME = "欧阳雪梅"
HOSTILE = (
    "page=abc&size=-1&q=%00",
    "page=-7&q=%25_%27%22&show=zz&tab=zz&state=zz&since=x&until=99999-99-99&person=x&house=x",
    "page=99999999999999999999&page_size=99999999&q=" + "a" * 3000,
    "code=%00&kind=zz&levels=,,&person=00000000-0000-7000-8000-000000000000&total=1&since=0001-01-01",
)


@dataclass(frozen=True)
class Address:
    """One pattern: its text with `{}` for each part, and what each part is."""

    text: str
    parts: tuple[tuple[str, str], ...]
    app: str = ""

    @property
    def has_id(self) -> bool:
        return any("uuid" in kind for kind, _name in self.parts)

    def written(self, county: cast.Cast, ids: list[UUID]) -> Iterator[tuple[str, UUID | None]]:
        """The address with each thing that fits, and the id in it.

        Each part takes each of its words once, with the first words of the other parts.
        """
        choices: list[list[Any]] = []
        for kind, name in self.parts:
            if "uuid" in kind:
                choices.append(ids)
            elif name == "token":
                choices.append([rules.token_for(Referral.objects.latest("id").number)])
            elif "int" in kind:
                choices.append([1])
            else:
                choices.append(WORDS.get(name, ["x"]))
        first = tuple(words[0] for words in choices if words)
        if len(first) < len(choices):
            return
        chosen_once = dict.fromkeys(
            (*first[:place], word, *first[place + 1 :])
            for place, words in enumerate(choices)
            for word in words
        )
        for chosen in chosen_once or [()]:
            key = next((value for value in chosen if isinstance(value, UUID)), None)
            yield self.text.format(*chosen), key


def addresses() -> list[Address]:
    found: dict[str, Address] = {}

    def walk(patterns: list[Any], before: str) -> None:
        for pattern in patterns:
            here = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, here)
            elif isinstance(pattern, URLPattern) and "^" not in here:
                parts = tuple(
                    (kind or "str", name) for kind, name in re.findall(r"<(?:(\w+):)?(\w+)>", here)
                )
                text = "/" + re.sub(r"<[^>]+>", "{}", here)
                found[text] = Address(text, parts, _app_behind(pattern.callback))

    walk(get_resolver().url_patterns, "")
    return sorted(found.values(), key=lambda address: address.text)


def _app_behind(view: Any) -> str:
    """The app whose door this is, "" when it cannot be told."""
    view = getattr(view, "__wrapped__", view)
    # A view of the REST door is made around what it answers with; that lies in its closure.
    around = [cell.cell_contents for cell in getattr(view, "__closure__", None) or ()]
    behind = next(
        (each.operations[0].view_func for each in around if isinstance(each, PathView)), view
    )
    module = behind.__module__
    own = [c for c in apps.get_app_configs() if module.startswith(c.name + ".")]
    return max(own, key=lambda config: len(config.name)).label if own else ""


ADDRESSES = addresses()


@pytest.fixture(scope="module")
def standing(django_db_setup, django_db_blocker, tmp_path_factory):
    with standing_county(django_db_blocker) as county:
        with django_db_blocker.unblock():
            _live(county)
        yield county


@pytest.fixture
def county(standing, db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return copy.deepcopy(standing)


def _live(county: cast.Cast) -> None:
    """Something of every kind has happened in the county."""
    by, who, now = county.wang, county.patient, timezone.now()
    people.correct(who, by=by, name=NAME)
    here = {"person": who, "organisation": county.township}
    visit = road.admitted(by, who, county.township, kind="outpatient")
    # A ward with an order that runs; what it says is in its own words.
    stay = road.admitted(by, who, county.township)
    ward.running(county, stay, instruction=SECRET)
    record.note(Diagnosis(**here, encounter=visit, code="I10", diagnosed_on=now.date()), by=by)
    record.note(
        Observation(
            **here, encounter=visit, code="8480-6", name="收缩压", value=150, unit="mmHg",
            measured_at=now,
        ),
        by=by,
    )  # fmt: skip
    record.note(Allergy(**here, encounter=visit, substance="青霉素", noted_on=now.date()), by=by)
    record.note(Medication(**here, encounter=visit, name="阿司匹林", started_on=now.date()), by=by)
    people.identify(
        Identifier(county=county.region, person=who, kind="local", issuer="HIS", value="A1"), by=by
    )
    houses.open_department(
        Department(organisation=county.hospital, code="01", name="心内科"), by=county.admin
    )
    Job.objects.create(
        kind="import",
        county_id=county.region.pk,
        user_id=county.users["admin"].pk,
        post_id=county.admin.post_id,
        state=Job.State.DONE,
    )
    # One letter that is being answered, one whose road is over and whose way down is open.
    road.submitted(county)
    other = cast.resident(county.admin, county.region, "李大爷", managed_by=county.village)
    above = road.treated(county, person=other)
    referrals.propose_down(above, by=county.chen, to_org=county.village, **road.PLAN)


def fitting(county: cast.Cast, address: Address) -> list[UUID]:
    """What the address may be about: things of its app, and people and houses.

    Of a type of FHIR resource: one of each of the models that are offered as it.
    """
    if address.app != "fhir":
        return everything(county, address.app if address.app != "gateway" else "")
    found = [county.patient.pk, county.township.pk]
    for offer in TYPES.get(address.text.split("/")[2], ()):
        found += list(offer.rows(county.wang).order_by("pk").values_list("pk", flat=True)[:2])
    return list(dict.fromkeys(found))


def everything(county: cast.Cast, app: str = "") -> list[UUID]:
    """An object of every kind that has an id: of the county, its people and its work."""
    found: list[UUID] = [county.patient.pk, county.township.pk, county.hospital.pk]
    for model in apps.get_models():
        if not model.__module__.startswith("xinglin.") or (app and model._meta.app_label != app):
            continue
        if not isinstance(model._meta.pk.to_python(UUID(int=0)), UUID):  # type: ignore[union-attr]
            continue
        rows = model._default_manager.order_by("pk")
        if model._meta.label_lower == "staff.user":
            rows = rows.filter(pk=county.users["wang"].pk)
        elif model._meta.label_lower in ("staff.post", "staff.practitioner"):
            found += [county.wang.post_id, county.wang.practitioner_id or county.wang.post_id]
            continue
        elif model._meta.label_lower == "organisations.organisation":
            continue
        found += list(rows.values_list("pk", flat=True)[:1])
    return list(dict.fromkeys(found))


def signed_in(user: User | None) -> Client:
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def quiet():
    """What is refused is logged; a thousand refusals are no news here."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    yield
    logging.disable(before)


def once_on_postgres(who: str, first: str = "wang") -> None:
    """The doors are the same on both databases: one walk shows what only PostgreSQL refuses."""
    if connection.vendor == "postgresql" and who != first:
        pytest.skip("walked on SQLite; on PostgreSQL one post walks for all")


def body(response: Any) -> str:
    if response.streaming:
        return b"".join(response.streaming_content).decode("utf-8", "replace")
    return response.content.decode("utf-8", "replace")


def test_there_are_addresses_with_and_without_ids():
    assert sum(address.has_id for address in ADDRESSES) > 20
    assert sum(not address.has_id for address in ADDRESSES) > 20


def test_every_kind_of_thing_is_there_to_be_tried(county):
    assert Document._meta.label  # filed by the test of attachments
    for model in (Referral, Diagnosis, Observation, Allergy, Medication, Identifier, Department):
        assert model._default_manager.exists(), model


@pytest.mark.parametrize("method", ["get", "post"])
def test_signed_out_every_address_is_the_login_or_401(county, method):
    wrong = []
    client = signed_in(None)
    some = [county.patient.pk, Referral.objects.latest("id").pk]
    for address in ADDRESSES:
        for path, _key in address.written(county, some):
            response = getattr(client, method)(path)
            status, where = response.status_code, response.headers.get("Location", "")
            if path in OPEN:
                fine = status < 500
            elif path.startswith("/oauth/"):
                fine = status in (400, 401, 405)
            elif path.startswith(MACHINES):
                fine = status in (401, 405)
            elif path in ("/language/", "/logout/"):
                fine = status in (302, 405)
            else:
                fine = status == 302 and where.startswith("/login/")
            if not fine or SECRET in body(response) or NAME in body(response):
                wrong.append(f"{method} {path}: {status} {where}")
    assert wrong == []


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("who", ["stranger", "strange_admin"])
def test_for_another_county_nothing_of_this_one_exists(county, who, method):
    """路人 gets 404 at every address with an id, as if it had been made up."""
    once_on_postgres(who, "stranger")
    assert _told(county, who, method, fitting) == []


@pytest.mark.soak
@pytest.mark.parametrize("who", ["stranger", "strange_admin"])
def test_for_another_county_no_id_of_any_kind_opens_any_address(county, who):
    """The id of an allergy at the address of a house, and so on: all with all."""
    assert _told(county, who, "get", lambda county, _address: everything(county)) == []


def _told(county: cast.Cast, who: str, method: str, choose: Any) -> list[str]:
    """Where somebody of another county is answered otherwise than about nothing at all."""
    wrong = []
    client = signed_in(county.users[who])
    # A made-up id is the measure: whatever it is answered, ours must be answered too.
    nothing = UUID("00000000-0000-7000-8000-000000000000")
    for address in ADDRESSES:
        if not address.has_id:
            continue
        given: dict[str, int] = {}
        for path, key in address.written(county, [nothing, *choose(county, address)]):
            plain = re.sub(r"[0-9a-f-]{36}", "", path)
            response = getattr(client, method)(path, {"person": str(county.patient.pk)})
            status = response.status_code
            if key == nothing:
                given[plain] = status
                if status >= 500 or (status < 400 and method == "get"):
                    wrong.append(f"{method} {path}: {status} for nothing at all")
            elif status != given[plain]:
                wrong.append(f"{method} {path}: {status}, but {given[plain]} for nothing at all")
            if SECRET in body(response) or NAME in body(response):
                wrong.append(f"{method} {path}: tells of the patient")
    return wrong


@pytest.mark.parametrize("who", ["stranger", "strange_admin"])
def test_lists_of_another_county_are_without_this_one(county, who):
    wrong = []
    client = signed_in(county.users[who])
    for address in ADDRESSES:
        if address.has_id:
            continue
        for path, _key in address.written(county, []):
            for query in ("", f"?q={NAME}&show=all&tab=all", f"?person={county.patient.pk}"):
                response = client.get(path + query)
                text = body(response)
                if response.status_code >= 500 or SECRET in text or str(county.hospital.pk) in text:
                    wrong.append(f"{path}{query}: {response.status_code}")
                elif NAME in text and "q=" not in query:
                    wrong.append(f"{path}{query}: tells of the patient")
    assert wrong == []


def test_without_a_post_there_is_nothing(county):
    """An account alone opens no page: what one may do comes from the post."""
    nobody = User.objects.create(username="nobody")
    client = signed_in(nobody)
    wrong = []
    for address in ADDRESSES:
        for path, _key in address.written(county, fitting(county, address)):
            response = client.get(path)
            status = response.status_code
            text = body(response)
            open_to = path in POSTLESS or path in ("/logout/", "/language/")
            machine = path.startswith(MACHINES)
            fine = (
                status < 500 if open_to else status in ((401, 403, 404, 405) if machine else (404,))
            )
            if path.startswith("/oauth/"):
                fine = status in (400, 401, 405)
            if not fine or SECRET in text or NAME in text:
                wrong.append(f"{path}: {status}")
    assert wrong == []


# Who sees most, who maintains, who only counts; all the others walk in the soak.
EVERY_DAY = ("wang", "admin", "zheng")
OTHERS = sorted(set(cast.ROLES) - {"stranger", "strange_admin", *EVERY_DAY})


@pytest.mark.parametrize(
    "who", [*EVERY_DAY, *(pytest.param(who, marks=pytest.mark.soak) for who in OTHERS)]
)
def test_every_address_with_every_role(county, who):
    """Whatever anybody opens, with whatever behind the question mark, nothing breaks down."""
    once_on_postgres(who)
    client = signed_in(county.users[who])
    wrong = []
    for address in ADDRESSES:
        for path, key in address.written(county, fitting(county, address)):
            # Nonsense behind the question mark is read by the same code whoever asks.
            hostile = HOSTILE if key is None and who in ("wang", "admin") else ()
            for query in ("", *hostile):
                response = client.get(f"{path}?{query}" if query else path)
                text = body(response)
                if response.status_code >= 500:
                    wrong.append(f"{path}?{query[:60]}: {response.status_code}")
                if who in ("admin", "zheng", "liu") and SECRET in text:
                    wrong.append(f"{path}: tells {who} of the symptoms")
                if who == "zheng" and NAME in text:
                    wrong.append(f"{path}: tells the bureau the name")
                if response.status_code == 404:
                    break
    assert wrong == []


@pytest.mark.parametrize("part", ["", "HX-Request"])
def test_every_page_answers_in_english_too(county, part):
    """The whole page and its part; what is left in Chinese is names and what people wrote."""
    client = signed_in(county.users["wang"])
    client.cookies["xinglin_language"] = "en"
    wrong = []
    headers = {part: "true"} if part else {}
    for address in ADDRESSES:
        if address.has_id:
            continue
        for path, _key in address.written(county, []):
            response = client.get(path, headers=headers)
            if response.status_code >= 500:
                wrong.append(f"{path}: {response.status_code}")
            elif response.headers.get("Content-Type", "").startswith("text/html"):
                title = re.search(r"<title>(.*?)</title>", body(response), re.DOTALL)
                if title and re.search(r"[\u4e00-\u9fff]", title[1].replace("杏林", "")):
                    wrong.append(f"{path}: {title[1].strip()}")
    assert wrong == []


def test_attachments_are_for_those_who_take_part(county):
    referral = Referral.objects.filter(person=county.patient).latest("id")
    document = Document(organisation=county.township, kind="report", title="心电图")
    referrals.attach_new(
        referral, by=county.wang, document=document, content=ContentFile(b"%PDF-1.4\n", "a.pdf")
    )
    addresses = [
        path
        for address in ADDRESSES
        if "document" in address.text and address.has_id
        for path, _key in address.written(county, [document.pk])
    ]
    assert addresses
    for path in addresses:
        for who in ("stranger", "strange_admin", "zheng", "admin"):
            response = signed_in(county.users[who]).get(path)
            assert response.status_code in (403, 404, 405), (path, who)
