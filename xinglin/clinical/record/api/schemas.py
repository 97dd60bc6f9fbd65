"""What the record says and takes over REST."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from xinglin.clinical.record.models import Allergy, Document, Encounter, Fact, Observation
from xinglin.ui.api import Day, In, Moment, Named, Paging, enumerated

EncounterKind = Annotated[Encounter.Kind, enumerated(Encounter.Kind)]
ObservationKind = Annotated[Observation.Kind, enumerated(Observation.Kind)]
DocumentKind = Annotated[Document.Kind, enumerated(Document.Kind)]
AllergyStatus = Annotated[Allergy.Status, enumerated(Allergy.Status)]


class FactOut(Schema):
    """What every fact says of itself."""

    id: UUID
    person: UUID
    organisation: Named
    author: str
    source: str
    source_id: str
    voided_at: datetime | None
    void_reason: str

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
    diagnosed_on: date


class ObservationOut(OfEncounterOut):
    kind: ObservationKind
    system: str
    code: str
    name: str
    value: float | None
    text: str
    unit: str
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
    name: str
    system: str
    code: str
    form: str
    dose: str
    frequency: str
    route: str
    started_on: date
    ended_on: date | None


class DocumentOut(OfEncounterOut):
    kind: DocumentKind
    title: str
    media_type: str = Field(examples=["application/pdf"])
    size: int = Field(description="字节")
    digest: str = Field(description="SHA-256")
    filed_at: datetime


class FactIn(In):
    """A fact of the caller's own house. The same `source` and `source_id` sent twice is one."""

    person: UUID
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
    diagnosed_on: Day


class ObservationIn(OfEncounterIn):
    kind: ObservationKind = Observation.Kind.VITAL
    system: str = Field("loinc", max_length=120)
    code: str = Field(min_length=1, max_length=30, examples=["8480-6"])
    name: str = Field(min_length=1, max_length=200, examples=["收缩压"])
    value: Decimal | None = Field(None, max_digits=14, decimal_places=4, examples=[146])
    text: str = Field("", max_length=500, description="没有数值时的文字结果")
    unit: str = Field("", max_length=30, examples=["mmHg"])
    measured_at: Moment


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
    dose: str = Field("", max_length=50, examples=["100 mg"])
    frequency: str = Field("", max_length=50, examples=["每日一次"])
    route: str = Field("", max_length=50, examples=["口服"])
    started_on: Day
    ended_on: Day | None = None


class DocumentIn(OfEncounterIn):
    kind: DocumentKind = Document.Kind.OTHER
    title: str = Field("", max_length=200, description="省略时为文件名")


class VoidIn(In):
    reason: str = Field(max_length=200, examples=["录错患者"])


class MedicationStopIn(In):
    on: Day


class FactFilter(Paging):
    person: UUID
    voided: bool = Field(False, description="也列出已作废的")


class Moments(Schema):
    """One line of what is known of a person."""

    kind: str = Field(examples=["encounter"])
    id: UUID
    at: datetime
    title: str
    organisation: Named
