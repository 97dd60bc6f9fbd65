"""The REST door of residents: found by the whole county, read with a trace."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from pydantic import Field

from xinglin.kernel import trail
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people import actions, matching, permissions
from xinglin.registry.people.models import Identifier, Person, PersonId, SearchKey, Sex, knows_card
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
    mother_id: UUID | None = Field(description="母亲")
    birth_order: int | None = Field(description="多胞胎次序")


class PersonIn(In):
    """A registration. Birth date and sex may be left to the ID card."""

    name: str = Field(
        "", max_length=50, description="只有填了母亲的新生儿可省略", examples=["李秀英"]
    )
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
    mother: PersonId | None = Field(None, description="母亲，本县居民")
    birth_order: int | None = Field(None, ge=1, le=9, description="多胞胎次序；单胎不填")


class NumberIn(In):
    kind: Kind
    issuer: str = Field("", max_length=120, examples=["青山县人民医院"])
    value: str = Field(min_length=1, max_length=64, examples=["A0012345"])


class RegistrationIn(PersonIn):
    """A new resident, with the numbers by which others know them."""

    identifiers: list[NumberIn] = Field(default_factory=list, max_length=20)
    checked: str = Field(
        "",
        max_length=150,
        description="答复 409 后，核对确为新居民的理由；证件号码已登记的不因此放行",
    )


class MatchIn(PersonIn):
    """Whoever is looked for; nothing is registered."""

    identifiers: list[NumberIn] = Field(default_factory=list, max_length=20)


class PieceOut(Schema):
    """One comparison's part in the sum."""

    field: str = Field(
        description="name、born、card、phone、sex、address、number、mother", examples=["name"]
    )
    level: str = Field(description="一致的程度", examples=["same"])
    bits: float = Field(description="权重（比特），正数支持同一人", examples=[10.6])


class CandidateOut(Schema):
    """Somebody registered who may be the one looked for."""

    person: PersonRowOut
    verdict: Literal["same", "perhaps"]
    probability: float = Field(description="是同一人的概率", examples=[0.9998])
    weight: float = Field(description="权重合计（比特，含先验）", examples=[12.3])
    veto: str = Field(description="不得自动认定的原因：card、twins、newborn、sex；无则为空")
    pieces: list[PieceOut] = Field(description="各项权重")


class MatchOut(Schema):
    verdict: Literal["same", "perhaps", "new"]
    candidates: list[CandidateOut]


class PersonPatch(PersonIn):
    """Only what is to be corrected."""

    name: str = Field("", max_length=50)


class IdentifierOut(Schema):
    id: UUID
    kind: Kind
    issuer: str
    value: str


class IdentifierIn(NumberIn):
    """One more number."""


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
    found = paged(keys.matching(asked.q), asked, keys.counting(asked.q))
    found["items"] = [key.person for key in found["items"]]
    return found


@router.post(
    "/people",
    response={201: PersonOut},
    operation_id="registerPerson",
    summary="登记居民",
)
def register(request: Request, body: RegistrationIn) -> Any:
    """登记一位居民。

    证件号码已登记，或各项信息表明已有档案时答 409，`links` 指向已有档案；核对后确为另一人的，
    在 `checked` 写明理由再登记。只是相似的照常登记，并交医共体管理办公室核对。
    """
    facts = body.model_dump()
    checked, numbers = facts.pop("checked"), _numbers(facts.pop("identifiers"))
    person = Person(county_id=request.actor.county_id, **_facts(request, facts))
    made = actions.register(person, by=request.actor, checked=checked, numbers=numbers)
    return Status(201, _told(request, made))


@router.post(
    "/people/match", response=MatchOut, operation_id="matchPerson", summary="查找是否已有档案"
)
def match(request: Request, body: MatchIn) -> Any:
    """按姓名、出生日期、证件、电话、住址等查找可能的已有档案及各项权重；不登记，号码已遮蔽。"""
    permissions.SEARCH.check(request.actor, Person(county_id=request.actor.county_id))
    facts = body.model_dump()
    numbers = _numbers(facts.pop("identifiers"))
    person = Person(county_id=request.actor.county_id, **_facts(request, facts))
    actions.check(person)
    found = matching.find(person, numbers)
    return {
        "verdict": found[0].verdict if found else "new",
        "candidates": [
            {
                "person": each.person,
                "verdict": each.verdict,
                "probability": round(each.score.probability, 6),
                "weight": round(each.score.weight, 2),
                "veto": each.score.veto,
                "pieces": [
                    {"field": piece.field, "level": piece.level, "bits": round(piece.bits, 2)}
                    for piece in each.score.pieces
                ],
            }
            for each in found
        ],
    }


@router.get("/people/{uuid:pk}", response=PersonOut, operation_id="readPerson", summary="读取居民")
def detail(request: Request, pk: UUID) -> Person:
    """完整的登记信息；每次读取都留痕。"""
    person = _person(request, pk)
    _shown(request, person)
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
    _shown(request, person)
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
    mother = given.get("mother")
    if mother is not None:
        people = Person.objects.visible_to(request.actor)
        given["mother"] = chosen(people, mother, "mother")
    custodian = given.get("managed_by")
    if custodian is not None:
        houses = Organisation.objects.visible_to(request.actor)
        given["managed_by"] = chosen(houses, custodian, "managed_by")
    return given


def _numbers(given: list[dict[str, Any]]) -> list[Identifier]:
    return [Identifier(**each) for each in given]


def _shown(request: Request, person: Person) -> None:
    """Write that the whole numbers of a person were told."""
    basis = permissions.BY_MACHINE.kept(door="REST")
    trail.read(request.actor, "person.read", person, basis=basis, parts="numbers")
