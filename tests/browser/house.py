"""A running house for the browser: its own folder, its own database, its own port.

`Running(folder, database_url)` loads the demo county small, adds the residents that the journeys
are about, and starts the server as people start it: web and worker, in one process group.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "xinglin-demo"
FACTS = "browser-facts.json"

# The residents of the journeys, by surnames too rare for the generator: name, sex, born, telephone.
RESIDENTS = (
    ("祝桂香", "female", "1958-03-12", "13900001001"),
    ("戚福生", "male", "1949-11-02", "13900001002"),
    ("鲍秀兰", "female", "1966-07-23", "13900001003"),
    ("郁长根", "male", "1971-01-30", "13900001004"),
    ("裘美珍", "female", "1980-09-18", "13900001005"),
    ("应水根", "male", "1962-05-04", "13900001006"),
    ("祁玉芬", "female", "1955-12-08", "13900001007"),
    ("嵇桂芳", "female", "1952-08-15", "13900001008"),
    ("郗春生", "male", "1957-06-11", "13900001009"),
    ("蒯德顺", "male", "1954-02-17", "13900001010"),
    ("滑玉兰", "female", "1960-10-05", "13900001011"),
)
# Who has a long record, in three houses.
LIVED = "嵇桂芳"


@dataclass
class House:
    """Where the house answers, and what its people and places are called."""

    url: str
    facts: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["facts"][name]
        except KeyError:
            raise AttributeError(name) from None

    def scanned(self, number: str) -> str:
        """What the desk's scanner types when it reads the QR code on this letter."""
        from xinglin.clinical.referral.rules import token_for

        return f"{self.url}/referrals/arrive/{token_for(number)}/"


class Running:
    """The server in a process group of its own; `stop` ends exactly that group."""

    def __init__(self, folder: Path, database_url: str, residents: int = 200) -> None:
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in {"XINGLIN_CATALOGUE", "XINGLIN_HOSTS", "XINGLIN_DEBUG", "LANGUAGE_CODE"}
        } | {
            "XINGLIN_HOME": str(folder),
            "XINGLIN_ENV": "demo",
            "DATABASE_URL": database_url,
            # The tests' own key, so that a test can read and write what the house has signed.
            "SECRET_KEY": os.environ["SECRET_KEY"],
            "DJANGO_SETTINGS_MODULE": "xinglin.config.settings",
        }
        self.folder = folder
        self.log = folder / "server.log"
        seeding = subprocess.run(
            [sys.executable, "-m", "tests.browser.house", str(residents)],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        if seeding.returncode:
            raise RuntimeError(f"The demo county was not loaded:\n{seeding.stdout}{seeding.stderr}")
        self.port = _free_port()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    "from xinglin.config.cli import main; main()",
                    *("serve", "--host", "127.0.0.1", "--port", str(self.port)),
                ],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        facts = json.loads((folder / FACTS).read_text("utf-8"))
        self.house = House(f"http://127.0.0.1:{self.port}", facts)

    def stop(self) -> None:
        """First asked, then told: the group has the web processes and the worker in it."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sign)
            except ProcessLookupError:
                break
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                continue
        self.process.poll()

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise RuntimeError(f"The server did not start:\n{self.log.read_text('utf-8')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


# ------------------------------------------------------------- run as a program, inside Django


def live(person: Any, village: Any, township: Any, hospital: Any, by: Any) -> None:
    """A life of three years: visits, a stay, results, medicines of three houses that contradict."""
    from datetime import timedelta
    from decimal import Decimal

    from django.utils import timezone

    from xinglin.clinical.record import actions as record
    from xinglin.clinical.record.models import (
        Allergy,
        Diagnosis,
        Encounter,
        Medication,
        Observation,
        Problem,
    )

    now = timezone.now()
    doctors = {village.pk: "赵村医", township.pk: "王医生", hospital.pk: "陈主任"}

    def of(house: Any, visit: Any = None) -> dict[str, Any]:
        told = {"person": person, "organisation": house, "author": doctors[house.pk]}
        return {**told, "encounter": visit} if visit else told

    def visit(house: Any, days: int, **more: Any) -> Any:
        at = now - timedelta(days=days)
        return record.start_encounter(
            Encounter(**of(house), started_at=at, **{"kind": "outpatient", **more}), by=by
        )

    for number in range(16):
        house = (village, township, hospital)[number % 3]
        seen = visit(house, 20 + 60 * number, complaint="头晕，复诊取药")
        at = seen.started_at
        code = ("I10", "E11.9", "J06.9")[number % 3]
        record.note(Diagnosis(**of(house, seen), code=code, diagnosed_on=at.date()), by=by)
        record.measure(
            seen,
            by=by,
            measured_at=at,
            values={
                "systolic": Decimal(134 + 9 * (number % 4)),
                "diastolic": Decimal(78 + 5 * (number % 4)),
            },
        )
        record.note(
            Observation(
                **of(house, seen),
                kind="laboratory",
                code="4548-4",
                name="糖化血红蛋白",
                value=Decimal(62 + 5 * (number % 5)) / 10,
                unit="%",
                measured_at=at,
            ),
            by=by,
        )
        record.end_encounter(seen, by=by, ended_at=at + timedelta(minutes=20))
    stay = visit(hospital, 95, kind="inpatient", complaint="活动后胸闷三天", department="心内科")
    at = stay.started_at
    record.note(Diagnosis(**of(hospital, stay), code="I20.0", diagnosed_on=at.date()), by=by)
    record.end_encounter(
        stay, by=by, ended_at=at + timedelta(days=8), discharge_way="1", outcome="2"
    )
    since = {"started_on": at.date()}
    for house, name, dose, often in (
        (hospital, "络活喜（苯磺酸氨氯地平片）", "10 mg", "每日一次"),
        (village, "苯磺酸氨氯地平片", "5 mg", "每日一次"),
        (hospital, "瑞舒伐他汀钙片", "10 mg", "每晚一次"),
        (township, "阿托伐他汀钙片", "20 mg", "每晚一次"),
    ):
        record.note(Medication(**of(house), name=name, dose=dose, frequency=often, **since), by=by)
    record.note(
        Allergy(
            **of(hospital), substance="青霉素", reaction="喉头水肿", severe=True,
            noted_on=at.date(),
        ),
        by=by,
    )  # fmt: skip
    record.note(Problem(**of(township), code="I10", name="原发性高血压", noted_on=at.date()), by=by)


def roomy(hospital: Any, by: Any) -> None:
    """A room of cardiology for each sex that nobody lies in, whatever the demo has filled."""
    from xinglin.clinical.capacity.actions import beds
    from xinglin.clinical.capacity.models import Bed, Room, Ward

    ward = Ward.objects.get(organisation=hospital, department__name="心内科")
    facts = {"county_id": by.county_id, "ward": ward}
    for sex, number in (("male", "598"), ("female", "599")):
        room = beds.open_room(Room(**facts, number=number, sex=sex), by=by)
        for bed in ("91", "92", "93", "94"):
            beds.open_bed(
                Bed(**facts, organisation=hospital, room=room, number=f"{number[-1]}{bed}"), by=by
            )


def seed(residents: int) -> None:
    """The demo county, the journeys' residents, a second post for the leader."""
    import django

    django.setup()
    from django.conf import settings
    from django.utils import timezone

    from tests.cast import id_card
    from xinglin.config.serving import prepare
    from xinglin.gateway import demo
    from xinglin.kernel.access import system
    from xinglin.registry.organisations.models import Level, Organisation
    from xinglin.registry.people import actions as people
    from xinglin.registry.people.models import Person
    from xinglin.registry.staff import actions as staff
    from xinglin.registry.staff.models import Post, User

    prepare()
    demo.load(residents=residents)

    def post_of(account: str) -> Post:
        practitioner = User.objects.get(username=account).practitioner
        post = Post.objects.select_related("organisation", "practitioner").get(
            practitioner=practitioner
        )
        return post

    posts = {
        account: post_of(account)
        for account in (
            *("village", "township", "leader", "desk", "specialist"),
            *("manager", "bureau", "admin", "nurse", "pharmacist", "stranger"),
        )
    }
    village, township, hospital = (
        posts[account].organisation for account in ("village", "township", "desk")
    )
    by = system(village.region_id)
    kept = {}
    for number, (name, sex, born, phone) in enumerate(RESIDENTS):
        person = people.register(
            Person(
                county_id=village.region_id,
                name=name,
                phone=phone,
                id_number=id_card(
                    timezone.datetime.fromisoformat(born).date(),
                    490 + number,
                    female=sex == "female",
                ),
                managed_by=village,
            ),
            by=by,
        )
        kept[name] = str(person.pk)
        if name == LIVED:
            live(person, village, township, hospital, by)
    roomy(hospital, by)
    staff.appoint(
        Post(
            practitioner=posts["leader"].practitioner,
            organisation=township,
            role="township-doctor",
            since=timezone.localdate(),
        ),
        by=by,
    )
    here = Organisation.objects.filter(county_id=village.region_id, closed_on=None)
    outside = here.filter(outside=True).order_by("code").first()
    second = (
        here.filter(level=Level.COUNTY, outside=False).exclude(pk=hospital.pk).order_by("code")
    ).first()
    assert outside, "The county needs a partner outside."
    assert second, "The county needs a second hospital."
    facts = {
        "village": str(village),
        "township": str(township),
        "hospital": str(hospital),
        "second": str(second),
        "outside": str(outside),
        "names": {account: post.practitioner.name for account, post in posts.items()},
        "people": kept,
    }
    (settings.HOME / FACTS).write_text(json.dumps(facts, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    seed(int(sys.argv[1]))
