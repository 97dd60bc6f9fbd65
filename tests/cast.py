"""The cast that every test knows: a small 青山县, its houses and the people who work there.

王医生 of 青山镇卫生院 sends, 马护士 nurses there, 方药师 of the county
hospital checks drugs, 李护士 at the county hospital's referral desk answers, 陈主任 treats,
赵村医 follows up, 周院长 approves, 孙主管 of the consortium's office arranges, 郑局长 reads the
counts, 钱专员 reviews who read whom, 管理员 maintains, 刘科长 works in another township; 路人 is a
doctor of another county and may see nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from xinglin.clinical.privacy import actions as privacy
from xinglin.clinical.privacy.models import Presence
from xinglin.clinical.referral.models import Referral
from xinglin.kernel.access import Actor, system
from xinglin.kernel.models import Notice
from xinglin.registry.agreements import actions as agreements
from xinglin.registry.agreements.models import Agreement, Party, SignedPaper, book
from xinglin.registry.organisations import actions as houses
from xinglin.registry.organisations.models import Level, Organisation, travel, tree
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import Person
from xinglin.registry.staff import actions as staff
from xinglin.registry.staff.models import Post, Practitioner, User

PASSWORD = "xinglin-test"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_serial = count(1)


def id_card(
    born: date = date(1962, 5, 4), serial: int | None = None, *, female: bool = False
) -> str:
    """A number with a true check digit that belongs to nobody."""
    number = (next(_serial) if serial is None else serial) % 500
    body = f"330199{born:%Y%m%d}{number * 2 + (0 if female else 1):03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


@dataclass(repr=False)  # thirty thousand characters would hide the failure they stand beside
class Cast:
    """Houses by name, actors by the part they play, a patient."""

    region: Organisation
    office: Organisation
    hospital: Organisation
    township: Organisation
    other_township: Organisation
    village: Organisation
    city: Organisation
    strange_region: Organisation
    strange_hospital: Organisation
    patient: Person
    actors: dict[str, Actor] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Actor:
        try:
            return self.__dict__["actors"][name]
        except KeyError:
            raise AttributeError(name) from None


ROLES = {
    # part: (name, house, role)
    "wang": ("王医生", "township", "township-doctor"),
    "zhao": ("赵村医", "village", "village-doctor"),
    "zhou": ("周院长", "township", "leader"),
    "li": ("李护士", "hospital", "desk"),
    "chen": ("陈主任", "hospital", "specialist"),
    "wu": ("吴副院长", "hospital", "leader"),
    "sun": ("孙主管", "office", "manager"),
    "zheng": ("郑局长", "region", "bureau"),
    "qian": ("钱专员", "region", "privacy"),
    "admin": ("管理员", "region", "admin"),
    "ma": ("马护士", "township", "nurse"),
    "fang": ("方药师", "hospital", "pharmacist"),
    "liu": ("刘科长", "other_township", "township-doctor"),
    "stranger": ("路人", "strange_hospital", "specialist"),
    "strange_admin": ("外县管理员", "strange_region", "admin"),
}


def house(
    by: Actor, parent: Organisation | None, level: str, name: str, **facts: Any
) -> Organisation:
    return houses.establish(
        Organisation(
            parent=parent,
            level=level,
            name=name,
            code=facts.pop("code", f"T{next(_serial):05d}"),
            **facts,
        ),
        by=by,
    )


def hire(by: Actor, house: Organisation, name: str, role: str) -> tuple[User, Actor]:
    """Somebody with a post and an account; the account's name is the staff number."""
    practitioner = staff.employ(
        Practitioner(county_id=house.region_id, code=f"S{next(_serial):05d}", name=name), by=by
    )
    post = staff.appoint(
        Post(
            practitioner=practitioner,
            organisation=house,
            role=role,
            since=timezone.localdate() - timedelta(days=365),
        ),
        by=by,
    )
    staff.give_account(practitioner, by=by, username=practitioner.code.lower(), password=PASSWORD)
    user = User.objects.get(practitioner=practitioner)
    return user, post.actor(user_id=user.pk, name=name)


def resident(by: Actor, county: Organisation, name: str = "陈桂香", **facts: Any) -> Person:
    facts.setdefault("id_number", id_card())
    return people.register(Person(county=county, name=name, **facts), by=by)


def card_of(person: Person, by: Actor) -> Presence:
    """The resident is here and has shown the identity card."""
    return privacy.present(person, person.id_number, by=by)


def make() -> Cast:
    """Build the county through the same actions that people use."""
    tree.forget()
    travel.forget()
    book.forget()
    region = house(system(), None, Level.REGION, "青山县")
    by = system(region.pk)
    office = house(by, region, Level.CONSORTIUM, "青山县医共体")
    hospital = house(by, office, Level.COUNTY, "青山县人民医院", leads=True)
    township = house(by, hospital, Level.TOWNSHIP, "青山镇卫生院")
    other = house(by, hospital, Level.TOWNSHIP, "柳溪镇卫生院")
    village = house(by, township, Level.VILLAGE, "上柳村卫生室")
    city = house(by, region, Level.CITY, "省立医院", outside=True)
    strange_region = house(system(), None, Level.REGION, "临水县")
    strange_hospital = house(
        system(strange_region.pk), strange_region, Level.COUNTY, "临水县人民医院"
    )
    cast = Cast(
        region=region,
        office=office,
        hospital=hospital,
        township=township,
        other_township=other,
        village=village,
        city=city,
        strange_region=strange_region,
        strange_hospital=strange_hospital,
        patient=resident(by, region, managed_by=village, phone="13900000001"),
    )
    agree(by, [(office, "house"), (hospital, "among")])
    # That was a year ago: it is no news any more.
    Notice.objects.filter(kind="agreement").delete()
    for part, (name, where, role) in ROLES.items():
        place = getattr(cast, where)
        cast.users[part], cast.actors[part] = hire(system(place.region_id), place, name, role)
    return cast


def agree(by: Actor, houses: Sequence[tuple[Organisation, str]], **facts: Any) -> Agreement:
    """A signed agreement between houses, each with its extent; two-way referral for two years."""
    today = timezone.localdate()
    given: dict[str, Any] = {
        "number": f"XY{next(_serial):05d}",
        "title": "青山县医共体双向转诊协议",
        "kind": "referral",
        "valid_from": today - timedelta(days=365),
        "valid_until": today + timedelta(days=365),
    }
    keeper = houses[0][0]
    agreement = agreements.draft(
        Agreement(county_id=keeper.region_id, keeper=keeper, **{**given, **facts}),
        by=by,
        parties=[
            Party(organisation=house, extent=extent, side=str(min(place, 3)), signer="法定代表人")
            for place, (house, extent) in enumerate(houses, 1)
        ],
    )
    agreements.file_paper(
        SignedPaper(agreement=agreement, title="签署文本"), by=by, content=signed_text()
    )
    return agreements.sign(agreement, by=by, signed_on=min(agreement.valid_from, today))


def signed_text() -> ContentFile[bytes]:
    """A scan of signatures, as little of one as is taken for one."""
    return ContentFile(b"%PDF-1.4\n%signed\n", "agreement.pdf")


def letter(cast: Cast, **facts: Any) -> Referral:
    """A complete referral from the township to the county hospital, not yet saved."""
    given: dict[str, Any] = {
        "county_id": cast.region.pk,
        "written_by": cast.township,
        "person": cast.patient,
        "from_org": cast.township,
        "to_org": cast.hospital,
        "to_department": "心内科",
        "doctor": "王医生",
        "doctor_phone": "13900000002",
        "urgency": "routine",
        "kind": "outpatient",
        "diagnosis_code": "I20.0",
        "diagnosed_on": timezone.localdate(),
        "symptoms": "活动后胸闷两周",
        "past_history": "高血压十年",
        "allergies": "否认药物过敏",
        "treatment": "口服阿司匹林",
        "reason_code": "equipment",
        "consent_method": "paper",
        "consent_signer": cast.patient.name,
        "consent_relation": "",
        "consented_at": timezone.now() - timedelta(minutes=5),
    }
    return Referral(**{**given, **facts})
