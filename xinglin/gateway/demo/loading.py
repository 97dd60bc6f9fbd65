"""Load the demo county: files through the importers, referrals through the actions."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from django.utils import timezone

from xinglin.clinical.capacity.models import BedStay
from xinglin.clinical.referral.models import Referral
from xinglin.gateway import actions as gateway
from xinglin.gateway.demo import (
    agreements,
    beds,
    clinics,
    county,
    emergencies,
    findings,
    people,
    places,
    privacy,
    referrals,
    visits,
    wards,
)
from xinglin.gateway.imports import actions as imports
from xinglin.gateway.models import ClientPost
from xinglin.kernel.access import system
from xinglin.registry.organisations.models import Level, Organisation, tree
from xinglin.registry.people.models import Person
from xinglin.registry.staff import actions as staff
from xinglin.registry.staff.models import Post, Practitioner

SEED = 20261122
PASSWORD = "xinglin-demo"  # the contract publishes it; refused outside demos
CLIENT_ID, CLIENT_SECRET = "demo-his", "xinglin-demo"
Progress = Callable[[int, int], None]


class NotLoaded(Exception):
    """The generator made something that the importers refuse: a fault of the generator."""


def load(residents: int = 4200, *, seed: int = SEED, progress: Progress | None = None) -> bool:
    """Load 青山县 and 临水县 unless they are there; whether anything was loaded.

    The same seed and day give the same county. Referrals are one for some fourteen residents.
    """
    if Organisation.objects.filter(code="QS", level=Level.REGION).exists():
        return False
    told = progress or (lambda done, total: None)
    rng = Random(seed)
    today = timezone.localdate()
    ours = county.green_mountain(rng, today)
    listed = people.residents(ours, residents, rng, today)
    life = visits.a_year(ours, listed, rng, today)
    # Of its own chance, so that the visits stay what they were.
    found = findings.of_the_year(life, listed, Random(seed + 1), today)
    _import(
        {
            "机构": ours.organisations,
            "路程": ours.ways,
            "人员": ours.staff,
            "居民": listed,
            "就诊": life.encounters,
            "用药": life.medications,
            "过敏": life.allergies,
            "健康问题": found.problems,
            "检查结果": found.results,
            "手术操作": found.procedures,
            "预防接种": found.vaccines,
            "家族史": found.family,
        },
        lambda done, total: told(70 * done // total, 100),
    )
    theirs = county.by_the_water(rng, today)
    _import({"机构": theirs.organisations, "人员": theirs.staff}, lambda done, total: None)
    accounts = {**ours.accounts, **theirs.accounts}
    for account, code in accounts.items():
        _open_account(account, code)
    _open_machine()
    agreements.agree()
    _tell_stories(
        max(60, residents // 14), rng, lambda done, total: told(72 + 20 * done // total, 100)
    )
    _open_clinics(Random(seed + 3), lambda done, total: told(92 + 5 * done // total, 100))
    _keep_places(
        Random(seed + 4),
        max(20, residents // 100),
        lambda done, total: told(97 + 3 * done // total, 100),
    )
    privacy.stories(PASSWORD)
    told(100, 100)
    return True


def _import(tables: dict[str, list[dict[str, Any]]], progress: Progress) -> None:
    """Write the tables as a county office would, and load them as it would."""
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in tables.items():
            _write(Path(folder) / f"{name}.csv", rows)
        report = imports.load([Path(folder)], by=system(), progress=progress)
    tree.forget()
    if not report.loaded:
        raise NotLoaded("; ".join(str(refusal) for refusal in report.refusals[:5]))


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8-sig", newline="") as lines:
        writer = csv.DictWriter(lines, columns)
        writer.writeheader()
        writer.writerows(rows)


def _open_account(account: str, code: str) -> None:
    practitioner = Practitioner.objects.get(code=code)
    staff.give_account(
        practitioner, by=system(practitioner.county_id), username=account, password=PASSWORD
    )


def _open_machine() -> None:
    """The township centre's own system, which signs in as `demo-his`."""
    house = Organisation.objects.get(code="QS201")
    by = system(house.region_id)
    practitioner = staff.employ(
        Practitioner(county_id=house.region_id, code="QS201HIS", name="青山镇卫生院 HIS"), by=by
    )
    since = timezone.localdate() - timedelta(days=365)
    post = staff.appoint(
        Post(practitioner=practitioner, organisation=house, role="his", since=since), by=by
    )
    gateway.register_client(
        ClientPost(name=practitioner.name, post=post),
        by=by,
        client_id=CLIENT_ID,
        secret=CLIENT_SECRET,
    )


def _tell_stories(count: int, rng: Random, progress: Progress) -> None:
    houses = {house.code: house for house in Organisation.objects.filter(county__code="QS")}
    grown_up = timezone.localdate() - timedelta(days=365 * 40)
    everybody = list(
        Person.objects.filter(county__code="QS", birth_date__lt=grown_up)
        .select_related("managed_by")
        .order_by("id_number")
    )
    rng.shuffle(everybody)

    def house_of(person: Person) -> str:
        return person.managed_by.code if person.managed_by else ""

    # The village and the township of the demo accounts first.
    village = [person for person in everybody if house_of(person) == "QS20101"]
    township = [person for person in everybody if house_of(person).startswith("QS201")]
    near = list({person.pk: person for person in [*village, *township]}.values())[: count // 3]
    taken = {person.pk for person in near}
    far = [person for person in everybody if person.pk not in taken]
    cast = referrals.Cast(houses)
    for done, _none in enumerate(referrals.stories(near, far, cast, count, rng), 1):
        progress(done, count)
    # In the ward lie people who are on no road just now.
    away = set(Referral.objects.open().values_list("person_id", flat=True))
    ill = [person for person in [*township, *far] if person.pk not in away]
    wards.Ward(cast, "QS201", rng).fill(ill)
    # Of its own chance, so that the referrals stay what they were; a bed for some sixteen.
    beds.Beds(cast, Random(SEED + 2), most=count - count // 8).set_up(ill)
    # Of their own chance, too; the last of the line, whom no other story is about.
    away |= set(BedStay.objects.current().values_list("person_id", flat=True))
    emergencies.tell([person for person in far if person.pk not in away], cast, Random(SEED + 4))


def _open_clinics(rng: Random, progress: Progress) -> None:
    """Of its own chance, so that the stories stay what they were."""
    houses = {house.code: house for house in Organisation.objects.filter(county__code="QS")}
    people = Person.objects.filter(county__code="QS", deceased_on=None, voided_at=None)
    chosen = list(people.order_by("id_number"))
    rng.shuffle(chosen)
    clinics.Clinics(referrals.Cast(houses), chosen, rng).open(progress)


def _keep_places(rng: Random, most: int, progress: Progress) -> None:
    """Of people who are on no road and in no bed just now."""
    houses = {house.code: house for house in Organisation.objects.filter(county__code="QS")}
    away = set(Referral.objects.open().values_list("person_id", flat=True))
    away |= set(BedStay.objects.current().values_list("person_id", flat=True))
    grown_up = timezone.localdate() - timedelta(days=365 * 40)
    people = Person.objects.filter(
        county__code="QS", birth_date__lt=grown_up, deceased_on=None, voided_at=None
    ).exclude(managed_by=None)
    chosen = [each for each in people.order_by("id_number") if each.pk not in away]
    rng.shuffle(chosen)
    places.Places(referrals.Cast(houses), chosen, rng, most=most).tell(progress)
