"""The REST door of residents: found by the whole county, read with a trace."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from pydantic import Field

from xinglin.kernel import trail
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people import actions
from xinglin.registry.people.models import Identifier, Person, SearchKey, Sex, knows_card
from xinglin.ui.api import Day, In, Named, Paging, changes, chosen, enumerated, page_of, paged
from xinglin.ui.requests import Request

router = Router(tags=["居民"])
Kind = Annotated[Identifier.Kind, enumerated(Identifier.Kind)]


class PersonRowOut(Schema):
    """Enough to choose the right person from a list; numbers are masked."""

    id: UUID
    name: str = Field(examples=["李秀英"])
    sex: str = Field(description="GB/T 2261.1", examples=["2"])
    birth_date: date | None
    id_number: str = Field(description="已遮蔽", examples=["3301**************"])
    phone: str = Field(description="已遮蔽", examples=["139****0001"])
    address: str = Field(description="乡镇与村")

    @staticmethod
    def resolve_id_number(row: Person) -> str:
        return row.masked_id

    @staticmethod
    def resolve_phone(row: Person) -> str:
        return row.masked_phone

    @staticmethod
    def resolve_address(row: Person) -> str:
        return row.township + row.village


class PersonOut(Schema):
    """A resident's registration."""

    id: UUID
    name: str
    sex: str
    birth_date: date | None
    id_type: str
    id_number: str = Field(description="未与本机构建立诊疗关系的，已遮蔽")
    health_record_no: str
    phone: str
    contact_name: str
    contact_phone: str
    ethnicity: str
    payment_type: str
    province: str
    city: str
    district: str
    township: str
    village: str
    address_detail: str
    managed_by: Named | None = Field(description="管理机构")
    deceased_on: date | None


class PersonIn(In):
    """A registration. Birth date and sex may be left to the ID card."""

    name: str = Field(min_length=1, max_length=50, examples=["李秀英"])
    sex: Sex = Field(Sex.UNKNOWN, description="GB/T 2261.1；有身份证号时可省略")
    birth_date: Day | None = None
    id_type: str = Field("01", max_length=2, description="身份证件类别（CV02.01.101）")
    id_number: str = Field("", max_length=30, examples=["330199196205040029"])
    health_record_no: str = Field("", max_length=17, description="居民健康档案编号，17 位")
    phone: str = Field("", max_length=30, examples=["13900000001"])
    contact_name: str = Field("", max_length=50)
    contact_phone: str = Field("", max_length=30)
    ethnicity: str = Field("", max_length=2, description="民族（GB/T 3304）")
    payment_type: str = Field("", max_length=2, description="医疗费用来源")
    province: str = Field("", max_length=70)
    city: str = Field("", max_length=70)
    district: str = Field("", max_length=70)
    township: str = Field("", max_length=70)
    village: str = Field("", max_length=70)
    address_detail: str = Field("", max_length=70)
    managed_by: UUID | None = Field(None, description="管理机构")


class PersonPatch(PersonIn):
    """Only what is to be corrected."""

    name: str = Field("", max_length=50)


class IdentifierOut(Schema):
    id: UUID
    kind: Kind
    issuer: str
    value: str


class IdentifierIn(In):
    kind: Kind
    issuer: str = Field("", max_length=120, examples=["青山县人民医院"])
    value: str = Field(min_length=1, max_length=64, examples=["A0012345"])


class DeathIn(In):
    died_on: Day


class PeopleFilter(Paging):
    q: str = Field(
        "",
        max_length=64,
        description="姓名、拼音、首字母、电话、完整身份证号或其后四位、健康档案编号",
    )


@router.get(
    "/people", response=page_of(PersonRowOut), operation_id="listPeople", summary="查找居民"
)
def listing(request: Request, asked: Query[PeopleFilter]) -> Any:
    """本县（市、区）的居民；证件号码与电话已遮蔽，逐人读取时给出全文并留痕。"""
    if not asked.q:
        return paged(Person.objects.visible_to(request.actor).order_by("id"), asked)
    keys = SearchKey.objects.visible_to(request.actor)
    found = paged(keys.matching(asked.q), asked, lambda: keys.counting(asked.q)(None)[0])
    found["items"] = [key.person for key in found["items"]]
    return found


@router.post(
    "/people",
    response={201: PersonOut},
    operation_id="registerPerson",
    summary="登记居民",
)
def register(request: Request, body: PersonIn) -> Any:
    """登记一位居民；证件号码已登记时答 409，`links` 指向已有档案。"""
    facts = _facts(request, body.model_dump())
    person = Person(county_id=request.actor.county_id, **facts)
    return Status(201, _told(request, actions.register(person, by=request.actor)))


@router.get("/people/{uuid:pk}", response=PersonOut, operation_id="readPerson", summary="读取居民")
def detail(request: Request, pk: UUID) -> Person:
    """完整的登记信息；每次读取都留痕。"""
    person = _person(request, pk)
    trail.read(request.actor, "person.read", person, basis="REST", parts="numbers")
    return _told(request, person)


@router.patch(
    "/people/{uuid:pk}", response=PersonOut, operation_id="correctPerson", summary="更正居民信息"
)
def correct(request: Request, pk: UUID, body: PersonPatch) -> Person:
    """只改给出的字段。"""
    person = _person(request, pk)
    done = actions.correct(person, by=request.actor, **_facts(request, changes(body)))
    return _told(request, done)


@router.post(
    "/people/{uuid:pk}/report-death",
    response=PersonOut,
    operation_id="reportDeath",
    summary="登记死亡",
)
def report_death(request: Request, pk: UUID, body: DeathIn) -> Person:
    """登记死亡日期；该居民未结的转诊随之终止。"""
    person = _person(request, pk)
    return _told(request, actions.report_death(person, by=request.actor, died_on=body.died_on))


@router.get(
    "/people/{uuid:pk}/identifiers",
    response=page_of(IdentifierOut),
    operation_id="listIdentifiers",
    summary="居民的标识号",
)
def identifiers(request: Request, pk: UUID, asked: Query[Paging]) -> Any:
    person = _person(request, pk)
    trail.read(request.actor, "person.read", person, basis="REST", parts="numbers")
    return paged(Identifier.objects.filter(person=person).order_by("kind", "id"), asked)


@router.post(
    "/people/{uuid:pk}/identifiers",
    response={201: IdentifierOut},
    operation_id="identifyPerson",
    summary="登记标识号",
)
def identify(request: Request, pk: UUID, body: IdentifierIn) -> Any:
    """为居民登记一个由医院、医保等签发的号码。"""
    person = _person(request, pk)
    identifier = Identifier(county_id=person.county_id, person=person, **body.model_dump())
    return Status(201, actions.identify(identifier, by=request.actor))


def _person(request: Request, pk: UUID) -> Person:
    people = Person.objects.visible_to(request.actor).select_related("managed_by")
    return get_object_or_404(people, pk=pk)


def _told(request: Request, person: Person) -> Person:
    """The row as this caller may read it; it is not stored again."""
    if not knows_card(request.actor, person):
        person.id_number = person.masked_id
    return person


def _facts(request: Request, given: dict[str, Any]) -> dict[str, Any]:
    """What was sent, with the custodian's row in the place of its id."""
    custodian = given.get("managed_by")
    if custodian is not None:
        houses = Organisation.objects.visible_to(request.actor)
        given["managed_by"] = chosen(houses, custodian, "managed_by")
    return given
