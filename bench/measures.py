"""What is measured: who asks for what, and the aims."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from bench.client import Caller, machine, signed_in
from bench.load import PASSWORD
from bench.prepare import CLIENT, SECRET
from bench.serve import Server

NOTHING = "/healthz"
KINDS = ("name", "pinyin", "initials", "phone", "ID tail")


@dataclass
class Visit:
    """A server with everybody who asks it, and what earlier measures left for later ones."""

    server: Server
    callers: dict[str, Caller] = field(default_factory=dict)
    submitted: list[str] = field(default_factory=list)
    patients: Iterator[str] = field(default_factory=lambda: iter(()))

    def __post_init__(self) -> None:
        self.patients = iter(self.server.manifest["patients"])

    def caller(self, who: str) -> Caller:
        if who not in self.callers:
            port = self.server.port
            self.callers[who] = (
                machine(port, CLIENT, SECRET)
                if who == "his"
                else signed_in(port, self.server.manifest["users"][who], PASSWORD)
            )
        return self.callers[who]


Requests = Callable[[Visit], Iterator[bytes]]


@dataclass(frozen=True)
class Measure:
    """One kind of request, the status of its answer, and what is aimed at.

    `ratio`: throughput relative to the do-nothing view, at least. `cpu`: milliseconds of the web
    process on the yardstick county, at most. `growth`: the p95 of the largest county relative to
    that of the smallest, at most. `p95`: the p95 of one caller relative to that of nothing, at
    most. `record`: measured on counties with a full record, 10 facts a person, sized by people.
    """

    name: str
    requests: Requests
    status: int = 200
    ratio: float | None = None
    cpu: float | None = None
    growth: float | None = None
    p95: float | None = None
    leaves: str = ""
    record: bool = False


def _inbox(visit: Visit) -> Iterator[bytes]:
    """The referral desk of the lead hospital: the fullest inbox of the county."""
    return itertools.repeat(visit.caller("desk").get("/inbox/"))


def _list(visit: Visit) -> Iterator[bytes]:
    """A township's list of what it and its clinics have sent."""
    return itertools.repeat(visit.caller("township").get("/referrals/"))


def _county_list(visit: Visit) -> Iterator[bytes]:
    """The consortium office's list of everything."""
    return itertools.repeat(visit.caller("manager").get("/referrals/"))


def _search(*kinds: str, who: str = "township", address: str = "/people/") -> Requests:
    """Looking people up by each of these in turn."""

    def requests(visit: Visit) -> Iterator[bytes]:
        searches = visit.server.manifest["searches"]
        caller = visit.caller(who)
        words = itertools.chain.from_iterable(zip(*(searches[kind] for kind in kinds), strict=True))
        asked = address if address.endswith("=") else f"{address}?q="
        return itertools.cycle([caller.get(f"{asked}{each}") for each in words])

    return requests


def _detail(visit: Visit) -> Iterator[bytes]:
    caller = visit.caller("township")
    return itertools.cycle(
        [caller.get(f"/referrals/{pk}/") for pk in visit.server.manifest["referrals"]]
    )


def _person(visit: Visit) -> Iterator[bytes]:
    """The page of people with a long record, one after the other."""
    caller = visit.caller("township")
    return itertools.cycle(
        [caller.get(f"/record/people/{pk}/") for pk in visit.server.manifest["heavy"]]
    )


def _trend(visit: Visit) -> Iterator[bytes]:
    """Their blood pressure over three years."""
    caller = visit.caller("township")
    query = "item=loinc%7C8480-6&period=1095"
    return itertools.cycle(
        [
            caller.get(f"/record/people/{pk}/trends/?{query}")
            for pk in visit.server.manifest["heavy"]
        ]
    )


def _rest_summary(visit: Visit) -> Iterator[bytes]:
    """Their patient summary (IPS), as the township's information system reads it."""
    caller = visit.caller("his")
    return itertools.cycle(
        [caller.get(f"/api/v1/people/{pk}/summary") for pk in visit.server.manifest["heavy"]]
    )


def _form(visit: Visit) -> Iterator[bytes]:
    caller = visit.caller("township")
    return itertools.cycle(
        [
            caller.get(f"/referrals/new/?person={pk}")
            for pk in visit.server.manifest["patients"][-200:]
        ]
    )


def _submit(visit: Visit) -> Iterator[bytes]:
    """A new referral, written and submitted by one press of the button."""
    caller = visit.caller("township")
    for patient in visit.patients:
        yield caller.post("/referrals/new/", person=patient, submit="1", **_letter(visit))


def _accept(visit: Visit) -> Iterator[bytes]:
    caller = visit.caller("desk")
    while visit.submitted:
        yield caller.post(
            f"{visit.submitted.pop()}accept/", doctor="陈主任", place="门诊三楼 302 室"
        )


def _rest_read(visit: Visit) -> Iterator[bytes]:
    """The township's information system reads one referral after the other."""
    caller = visit.caller("his")
    return itertools.cycle(
        [caller.get(f"/api/v1/referrals/{pk}") for pk in visit.server.manifest["referrals"]]
    )


def _rest_list(visit: Visit) -> Iterator[bytes]:
    return itertools.repeat(visit.caller("his").get("/api/v1/referrals"))


def _rest_submit(visit: Visit) -> Iterator[bytes]:
    caller = visit.caller("his")
    letter = _letter(visit)
    at = datetime.now().astimezone() - timedelta(hours=1)
    for patient in visit.patients:
        told = letter | {"person": patient, "consented_at": at.isoformat(timespec="seconds")}
        yield caller.send("/api/v1/referrals", json.dumps(told, ensure_ascii=False).encode())


def _fhir_read(visit: Visit) -> Iterator[bytes]:
    """The same referrals, as ServiceRequest."""
    caller = visit.caller("his")
    return itertools.cycle(
        [caller.get(f"/fhir/ServiceRequest/{pk}") for pk in visit.server.manifest["referrals"]]
    )


def _fhir_patient(visit: Visit) -> Iterator[bytes]:
    caller = visit.caller("his")
    return itertools.cycle(
        [caller.get(f"/fhir/Patient/{pk}") for pk in visit.server.manifest["patients"][-500:]]
    )


def _fhir_search(visit: Visit) -> Iterator[bytes]:
    """What has been done for one patient after the other."""
    caller = visit.caller("his")
    return itertools.cycle(
        [
            caller.get(f"/fhir/Encounter?patient={pk}&_sort=-date")
            for pk in visit.server.manifest["patients"][-500:]
        ]
    )


def _letter(visit: Visit) -> dict[str, str]:
    return {
        "to_org": visit.server.manifest["lead"],
        "to_department": "心内科",
        "urgency": "routine",
        "kind": "outpatient",
        "diagnosis_code": "I20.0",
        "diagnosis_name": "不稳定性心绞痛",
        "diagnosed_on": date.today().isoformat(),
        "symptoms": "活动后胸闷两周，休息后缓解，无大汗，夜间可平卧",
        "past_history": "高血压十年",
        "allergies": "否认药物过敏",
        "treatment": "口服阿司匹林、硝酸甘油",
        "reason_code": "equipment",
        "consent_method": "paper",
        "consent_signer": "患者本人",
        "consent_relation": "self",
        "consented_at": f"{datetime.now() - timedelta(days=1):%Y-%m-%dT%H:%M}",
        "doctor": "王医生",
        "doctor_phone": "13900000002",
    }


MEASURES = (
    Measure("inbox", _inbox, ratio=0.12, cpu=8, growth=1.5),
    Measure("list", _list, cpu=6),
    Measure("county list", _county_list),
    Measure("search", _search(*KINDS), cpu=6, growth=1.5),
    Measure("search by name", _search("name")),
    Measure("search by pinyin", _search("pinyin")),
    Measure("search by initials", _search("initials")),
    Measure("search by phone", _search("phone")),
    Measure("search by ID tail", _search("ID tail")),
    Measure("detail", _detail),
    Measure("form", _form),
    Measure("REST read", _rest_read, ratio=0.35),
    Measure("REST list", _rest_list),
    Measure("REST search", _search(*KINDS, who="his", address="/api/v1/people")),
    Measure("FHIR read", _fhir_read, ratio=0.2),
    Measure("FHIR read of a patient", _fhir_patient),
    Measure("FHIR search", _fhir_search, growth=1.5),
    Measure("FHIR search by name", _search("name", who="his", address="/fhir/Patient?name=")),
    Measure("REST submit", _rest_submit, status=201, ratio=0.10),
    Measure("submit", _submit, status=302, ratio=0.10, cpu=12, leaves="submitted"),
    Measure("accept", _accept, status=302),
    Measure("person page", _person, p95=8, growth=1.5, record=True),
    Measure("trend", _trend, record=True),
    Measure("REST summary", _rest_summary, record=True),
)
