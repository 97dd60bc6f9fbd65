"""What the record says and takes over REST."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from xinglin.clinical.record.models import (
    Allergy,
    Document,
    Encounter,
    Fact,
    Medication,
    Observation,
    Problem,
)
from xinglin.registry.people.models import PersonId
from xinglin.ui.api import Day, In, Moment, Named, Paging, enumerated

EncounterKind = Annotated[Encounter.Kind, enumerated(Encounter.Kind)]
ObservationKind = Annotated[Observation.Kind, enumerated(Observation.Kind)]
DocumentKind = Annotated[Document.Kind, enumerated(Document.Kind)]
Intent = Annotated[Medication.Intent, enumerated(Medication.Intent)]
ProblemStatus = Annotated[Problem.Status, enumerated(Problem.Status)]
AllergyStatus = Annotated[Allergy.Status, enumerated(Allergy.Status)]


class FactOut(Schema):
    """What every fact says of itself."""

    id: UUID
    person: UUID
    organisation: Named
    author: str
    source: str
    source_id: str
    replaces: UUID | None = Field(None, description="更正的是哪一条")
    voided_at: datetime | None
    void_reason: str

    @staticmethod
    def resolve_replaces(row: Any) -> UUID | None:
        found: UUID | None = row.replaces_id
        return found

    @staticmethod
    def resolve_person(row: Fact) -> UUID:
        return row.person_id


class OfEncounterOut(FactOut):
    encounter: UUID | None

    @staticmethod
    def resolve_encounter(row: Any) -> UUID | None:
        found: UUID | None = row.encounter_id
        return found


class EncounterOut(FactOut):
    kind: EncounterKind
    department: str
    visit_no: str
    started_at: datetime
    ended_at: datetime | None
    complaint: str
    history: str
    treatment: str
    discharge_way: str
    outcome: str


class DiagnosisOut(OfEncounterOut):
    system: str
    code: str
    name: str
    main: bool
    on_admission: str = Field(description="入院病情")
    problem: UUID | None = Field(None, description="所属健康问题")
    diagnosed_on: date

    @staticmethod
    def resolve_problem(row: Any) -> UUID | None:
        found: UUID | None = row.problem_id
        return found


class ProblemOut(OfEncounterOut):
    system: str
    code: str
    name: str
    status: ProblemStatus
    onset_on: date | None
    abated_on: date | None
    note: str
    noted_on: date


class ProcedureOut(OfEncounterOut):
    system: str
    code: str
    name: str
    main: bool
    performed_at: datetime
    ended_at: datetime | None
    operator: str
    grade: str
    anaesthesia: str
    healing: str
    site: str
    note: str


class ImmunizationOut(OfEncounterOut):
    system: str
    code: str
    name: str
    trade_name: str
    dose_number: int | None
    lot: str
    manufacturer: str
    expires_on: date | None
    dose_value: float | None
    dose_unit: str
    site: str
    route: str
    reaction: str
    given_on: date
    next_due_on: date | None


class FamilyHistoryOut(OfEncounterOut):
    relation: str
    system: str
    code: str
    name: str
    onset_age: int | None
    died_of_it: bool | None
    note: str
    noted_on: date


class Past(Schema):
    """One line of what was: a disease, an operation, an injury, a transfusion."""

    code: str = Field("", max_length=20, description="既往疾病代码", examples=["hypertension"])
    name: str = Field("", max_length=100)
    on: str = Field("", max_length=7, description="年月", examples=["2019-05"])


class CoverFields(Schema):
    """The personal form behind the cover, in the codes of the house's own lists."""

    doctor: str = ""
    registered_address: str = ""
    workplace: str = ""
    residence: str = ""
    abo: str = ""
    rh: str = ""
    education: str = ""
    occupation: str = ""
    marriage: str = ""
    payments: list[str] = []
    drug_allergies: list[str] = []
    exposures: list[str] = []
    past_diseases: list[Past] = []
    operations: list[Past] = []
    injuries: list[Past] = []
    transfusions: list[Past] = []
    genetic: str = ""
    disabilities: list[str] = []
    exhaust: str = ""
    fuel: str = ""
    water: str = ""
    toilet: str = ""
    livestock: str = ""


class HealthCoverOut(FactOut, CoverFields):
    number: str
    established_on: date
    closed_on: date | None
    close_reason: str


class ObservationOut(OfEncounterOut):
    kind: ObservationKind
    system: str
    code: str
    name: str
    value: float | None
    text: str
    unit: str
    as_told: str = Field(description="换算前的原始结果")
    reference_low: float | None
    reference_high: float | None
    interpretation: str = Field(description="N、H、L、HH、LL、A、POS 或 NEG", examples=["H"])
    specimen: str
    measured_at: datetime


class AllergyOut(OfEncounterOut):
    substance: str
    system: str
    code: str
    reaction: str
    severe: bool
    status: AllergyStatus
    noted_on: date


class MedicationOut(OfEncounterOut):
    intent: Intent
    name: str
    system: str
    code: str
    form: str
    dose: str
    dose_value: float | None
    dose_unit: str
    frequency: str
    frequency_code: str
    route: str
    route_code: str
    days: int | None
    indication: str
    prescriber: str
    taken: bool | None
    stop_reason: str
    started_on: date
    ended_on: date | None


class DocumentOut(OfEncounterOut):
    kind: DocumentKind
    title: str
    media_type: str = Field(description="由病历生成的文档为空", examples=["application/pdf"])
    size: int = Field(description="字节")
    digest: str = Field(description="SHA-256")
    data: dict[str, Any] = Field(description="由病历生成的文档的内容")
    filed_at: datetime


class FactIn(In):
    """A fact of the caller's own house. The same `source` and `source_id` sent twice is one."""

    person: PersonId
    author: str = Field("", max_length=50, description="记录人；省略时为调用者")
    source: str = Field("", max_length=120, examples=["his-qingshan"])
    source_id: str = Field("", max_length=120, examples=["V20260302-0017"])


class OfEncounterIn(FactIn):
    encounter: UUID | None = None


class EncounterIn(FactIn):
    kind: EncounterKind
    proof: str = Field(
        "", max_length=40, description="居民出示的 6 位授权码或身份证号码；省略时不打开既往病历"
    )
    department: str = Field("", max_length=50, examples=["全科"])
    visit_no: str = Field("", max_length=18)
    started_at: Moment
    complaint: str = Field("", max_length=200, examples=["劳累后胸闷半月"])
    history: str = Field("", max_length=1000)
    treatment: str = Field("", max_length=1000)


class EncounterPatch(In):
    department: str = Field("", max_length=50)
    visit_no: str = Field("", max_length=18)
    complaint: str = Field("", max_length=200)
    history: str = Field("", max_length=1000)
    treatment: str = Field("", max_length=1000)


class EncounterEnd(In):
    ended_at: Moment
    discharge_way: str = Field("", max_length=1, description="离院方式；住院必填", examples=["1"])
    outcome: str = Field("", max_length=1, description="病情转归", examples=["2"])


class DiagnosisIn(OfEncounterIn):
    system: str = Field("icd10", max_length=120)
    code: str = Field(min_length=1, max_length=30, examples=["I20.0"])
    name: str = Field("", max_length=200, description="省略时取代码表中的名称")
    main: bool = True
    on_admission: str = Field("", max_length=1, description="入院病情，住院时填", examples=["1"])
    problem: UUID | None = None
    diagnosed_on: Day


class ProblemIn(OfEncounterIn):
    system: str = Field("icd10", max_length=120)
    code: str = Field(min_length=1, max_length=30, examples=["E11.9"])
    name: str = Field("", max_length=200, description="省略时取代码表中的名称")
    status: ProblemStatus = Problem.Status.ACTIVE
    onset_on: Day | None = None
    abated_on: Day | None = None
    note: str = Field("", max_length=500)
    noted_on: Day


class ProcedureIn(OfEncounterIn):
    system: str = Field("icd9cm3", max_length=120)
    code: str = Field(min_length=1, max_length=30, examples=["47.09"])
    name: str = Field("", max_length=200, description="省略时取代码表中的名称")
    main: bool = True
    performed_at: Moment
    ended_at: Moment | None = None
    operator: str = Field("", max_length=50, examples=["陈主任"])
    grade: str = Field("", max_length=1, description="手术级别", examples=["2"])
    anaesthesia: str = Field("", max_length=10, description="麻醉方式", examples=["21"])
    healing: str = Field("", max_length=10, description="切口愈合", examples=["11"])
    site: str = Field("", max_length=50)
    note: str = Field("", max_length=500)


class ImmunizationIn(OfEncounterIn):
    system: str = Field("vaccine", max_length=120)
    code: str = Field("", max_length=30, examples=["IIV4"])
    name: str = Field("", max_length=100, description="有编码时可省略")
    trade_name: str = Field("", max_length=100)
    dose_number: int | None = Field(None, ge=1, le=99, examples=[1])
    lot: str = Field("", max_length=30, examples=["202601A"])
    manufacturer: str = Field("", max_length=100)
    expires_on: Day | None = None
    dose_value: Decimal | None = Field(None, gt=0, max_digits=8, decimal_places=3, examples=[0.5])
    dose_unit: str = Field("", max_length=20, examples=["mL"])
    site: str = Field("", max_length=10, examples=["LA"])
    route: str = Field("", max_length=10, examples=["IM"])
    reaction: str = Field("", max_length=200)
    given_on: Day
    next_due_on: Day | None = None


class FamilyHistoryIn(OfEncounterIn):
    relation: str = Field(max_length=2, description="GB/T 4761", examples=["51"])
    system: str = Field("past-disease", max_length=120, description="past-disease 或 icd10")
    code: str = Field(min_length=1, max_length=30, examples=["hypertension"])
    name: str = Field("", max_length=200)
    onset_age: int | None = Field(None, ge=0, le=130)
    died_of_it: bool | None = None
    note: str = Field("", max_length=200)
    noted_on: Day


class HealthCoverIn(FactIn, CoverFields):
    number: str = Field(
        "", max_length=40, description="17 位；省略时由 committee 编号", examples=[""]
    )
    committee: str = Field("", max_length=12, description="村（居）委会代码，12 位")
    established_on: Day


class CoverEnd(In):
    on: Day
    reason: str = Field(max_length=10, description="终止原因", examples=["moved"])


class ObservationIn(OfEncounterIn):
    kind: ObservationKind = Observation.Kind.VITAL
    system: str = Field("loinc", max_length=120)
    code: str = Field(min_length=1, max_length=30, examples=["8480-6"])
    name: str = Field("", max_length=200, description="代码表有此项目时可省略", examples=["收缩压"])
    value: Decimal | None = Field(None, max_digits=14, decimal_places=4, examples=[146])
    text: str = Field("", max_length=500, description="没有数值时的文字结果")
    unit: str = Field("", max_length=30, description="UCUM；可换算的自动换算", examples=["mmHg"])
    reference_low: Decimal | None = Field(None, max_digits=14, decimal_places=4)
    reference_high: Decimal | None = Field(None, max_digits=14, decimal_places=4)
    interpretation: str = Field("", max_length=3, description="省略时按参考值判断")
    specimen: str = Field("", max_length=20, examples=["serum"])
    measured_at: Moment


class ResultsIn(In):
    """The results of one specimen, all of them or none."""

    person: PersonId
    encounter: UUID | None = None
    specimen: str = Field("", max_length=20, examples=["serum"])
    measured_at: Moment
    results: dict[str, Decimal | str] = Field(
        min_length=1,
        max_length=200,
        description="LOINC 编码 → 数值（用代码表的单位）或文字",
        examples=[{"2823-3": 4.1, "5195-3": "阴性"}],
    )


class AllergyIn(OfEncounterIn):
    substance: str = Field(min_length=1, max_length=100, examples=["青霉素"])
    system: str = Field("", max_length=120)
    code: str = Field("", max_length=30)
    reaction: str = Field("", max_length=200, examples=["皮疹"])
    severe: bool = False
    status: AllergyStatus = Allergy.Status.ACTIVE
    noted_on: Day


class MedicationIn(OfEncounterIn):
    name: str = Field(min_length=1, max_length=200, examples=["阿司匹林肠溶片"])
    system: str = Field("", max_length=120)
    code: str = Field("", max_length=30)
    form: str = Field("", max_length=30)
    intent: Intent = Medication.Intent.ORDER
    dose: str = Field("", max_length=50, examples=["100 mg"])
    dose_value: Decimal | None = Field(None, gt=0, max_digits=10, decimal_places=4)
    dose_unit: str = Field("", max_length=20)
    frequency: str = Field("", max_length=50, examples=["每日一次"])
    frequency_code: str = Field("", max_length=10, examples=["qd"])
    route: str = Field("", max_length=50, examples=["口服"])
    route_code: str = Field("", max_length=10, examples=["1"])
    days: int | None = Field(None, ge=1, le=3660)
    indication: str = Field("", max_length=200, description="用药原因")
    prescriber: str = Field("", max_length=50)
    taken: bool | None = Field(None, description="实际服用；未询问时省略")
    started_on: Day
    ended_on: Day | None = None


class DocumentIn(OfEncounterIn):
    kind: DocumentKind = Document.Kind.OTHER
    title: str = Field("", max_length=200, description="省略时为文件名")


class VoidIn(In):
    reason: str = Field(max_length=200, examples=["录错患者"])


class CorrectIn(In):
    """Which fields were wrong, and why; all others are taken over."""

    reason: str = Field(min_length=1, max_length=200, examples=["录错数值"])


class MedicationStopIn(In):
    on: Day
    reason: str = Field("", max_length=200, examples=["不良反应"])


class FactFilter(Paging):
    person: PersonId
    voided: bool = Field(False, description="也列出已作废的")


class Moments(Schema):
    """One line of what is known of a person."""

    kind: str = Field(examples=["encounter"])
    id: UUID
    at: datetime
    title: str
    organisation: Named
