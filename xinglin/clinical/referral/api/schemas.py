"""What a referral says and takes over REST; field names are the record's own."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from xinglin.clinical.careplans.sheet import CriterionIn, PlanItemIn
from xinglin.clinical.record.models import Encounter
from xinglin.clinical.referral.models import Direction, Kind, State, Urgency
from xinglin.registry.people.models import PersonId
from xinglin.ui.api import Day, In, Moment, Named, Paging, enumerated

ReferralKind = Annotated[Kind, enumerated(Kind)]
EncounterKind = Annotated[Encounter.Kind, enumerated(Encounter.Kind)]


class DocumentLink(Schema):
    """A document that goes with the referral: `/referrals/{referral}/documents/{id}`."""

    id: UUID
    title: str
    media_type: str
    size: int


class ReferralRowOut(Schema):
    """A referral in a list."""

    id: UUID
    number: str = Field(description="转诊单号", examples=["R261122-7KQ2M9A"])
    state: State
    direction: Direction
    urgency: Urgency
    kind: ReferralKind
    person: Named
    from_org: Named
    to_org: Named
    to_department: str
    diagnosis_code: str
    diagnosis_name: str
    owner: Named | None = Field(description="下一步由谁办理")
    duty: str = Field(description="下一步须有的权限", examples=["referral.accept"])
    due_at: datetime | None = Field(description="下一步的时限")
    overdue: bool
    parent: UUID | None = Field(description="来源转诊单")
    agreement: UUID | None = Field(description="依据的协议；协议外时为最接近的一份")
    uncovered: str = Field(
        description="协议外原因；空为协议内："
        "quota、department、diagnosis、suspended、not-yet、expired、ended、none"
    )
    approved_at: datetime | None
    approved_by: str
    in_catalogue: bool | None = Field(description="转往县外时：是否县域目录内病种")
    filing_number: str = Field(description="转诊备案号")
    filed_on: date | None
    discharged_at: datetime | None
    outcome: str
    created_at: datetime
    submitted_at: datetime | None
    accepted_at: datetime | None
    arrived_at: datetime | None
    closed_at: datetime | None


class ReferralOut(ReferralRowOut):
    """A whole referral: form, answer, visit, receipt, follow-up, and what may be done now."""

    acts: list[str] = Field(description="调用者现在可做的动作", examples=[["accept", "decline"]])
    documents: list[DocumentLink]
    cover: str = Field(description="协议情况，一句可读的说明")
    filed_by: str
    from_department: str
    doctor: str
    doctor_phone: str
    referred_on: date | None
    visit_no: str
    diagnosed_on: date | None
    symptoms: str
    past_history: str
    allergies: str
    treatment: str
    results: str
    medicines: str
    procedures: str
    reason_code: str
    reason: str
    narrative: str
    assessment: str
    disposal_plan: str
    treatment_plan: str
    rehabilitation: str
    care_plan: UUID | None = Field(description="随下转单的照护计划")
    consent_method: str
    consent_signer: str
    consent_relation: str
    consented_at: datetime | None
    paper_due_at: datetime | None
    needs_approval: bool
    answered_at: datetime | None
    accepting_doctor: str
    expected_at: datetime | None
    place: str
    instructions: str
    refusal_code: str
    refusal: str
    alternative: str
    alternative_org: Named | None
    waiting_code: str
    end_code: str
    end_reason: str
    ended_at: datetime | None
    encounter: UUID | None
    departed_at: datetime | None
    transport: str
    treated_at: datetime | None
    receipt_results: str
    receipt_treatment: str
    receipt_plan: str
    receipt_doctor: str
    final_code: str
    final_name: str
    inpatient_no: str
    follow_up_org: Named | None
    followed_up_at: datetime | None
    follow_up_note: str
    follow_up_doctor: str


class FormIn(In):
    """The form; what it requires depends on urgency and direction, and `submit` checks it."""

    to_org: UUID | None = Field(None, description="转入机构")
    to_department: str = Field("", max_length=50, examples=["心内科"])
    from_department: str = Field("", max_length=50)
    doctor: str = Field("", max_length=50, examples=["王医生"])
    doctor_phone: str = Field("", max_length=30, examples=["13900000002"])
    urgency: Urgency = Urgency.ROUTINE
    kind: ReferralKind = Kind.OUTPATIENT
    referred_on: Day | None = None
    visit_no: str = Field("", max_length=18)
    diagnosis_code: str = Field("", max_length=11, description="ICD-10", examples=["I20.0"])
    diagnosis_name: str = Field("", max_length=100, description="省略时取代码表中的名称")
    diagnosed_on: Day | None = None
    symptoms: str = Field("", max_length=1000, examples=["劳累后胸闷半月"])
    past_history: str = Field("", max_length=1000, examples=["高血压十年"])
    allergies: str = Field("", max_length=1000, examples=["否认药物过敏"])
    treatment: str = Field("", max_length=1000, examples=["口服阿司匹林"])
    results: str = Field("", max_length=2000)
    medicines: str = Field("", max_length=1000)
    procedures: str = Field("", max_length=1000)
    reason_code: str = Field(
        "", max_length=30, description="见 /catalogue/reasons/{方向}", examples=["equipment"]
    )
    reason: str = Field("", max_length=100)
    narrative: str = Field("", max_length=2000)
    assessment: str = Field("", max_length=2000, description="下转必填：健康问题评估")
    disposal_plan: str = Field("", max_length=2000)
    treatment_plan: str = Field("", max_length=2000, description="下转必填：治疗方案")
    rehabilitation: str = Field("", max_length=1000, description="下转必填：康复措施指导")
    consent_method: str = Field("", max_length=20, examples=["paper"])
    consent_signer: str = Field("", max_length=50, examples=["李秀英"])
    consent_relation: str = Field("", max_length=20)
    consented_at: Moment | None = None
    follow_up_org: UUID | None = Field(None, description="随访机构；省略时由系统选定")


class PlaceIn(In):
    """A slot, a ward (the first bed that fits) or a bed of the receiving house; at most one."""

    slot: UUID | None = Field(None, description="随申请预占的号源，见 /referrals/destinations")
    ward: UUID | None = Field(None, description="在该病区预留一张适合的空床")
    bed: UUID | None = Field(None, description="预留指定床位")


class CarePlanIn(In):
    """The care plan that goes down with the patient: criteria answered, items that can be done."""

    template: str = Field("", max_length=30, description="空为按诊断选择", examples=["chd-pci"])
    goal: str = Field("", max_length=200)
    criteria: list[CriterionIn] = Field(max_length=40, description="逐条回答的下转标准")
    items: list[PlanItemIn] = Field(min_length=1, max_length=60)


class SubmitIn(PlaceIn):
    """What goes with a letter when it is submitted."""

    plan: CarePlanIn | None = Field(None, description="下转单所附的照护计划")


class ReferralIn(FormIn, SubmitIn):
    """A new referral, submitted at once unless `submit` is false."""

    person: PersonId
    from_org: UUID | None = Field(None, description="转出机构；省略时为本机构")
    to_org: UUID = Field(description="转入机构")
    submit: bool = Field(True, description="false 则存为草稿")
    acknowledge_open: bool = Field(False, description="已知该患者有未结转诊，仍要新建")


class ReferralPatch(FormIn):
    """What is to be changed in a draft."""


class AcceptIn(PlaceIn):
    keep_place: bool = Field(True, description="false 则释放转出方预占的号源或床位")
    to_department: str = Field("", max_length=50, examples=["心内科"])
    accepting_doctor: str = Field("", max_length=50, examples=["陈主任"])
    expected_at: Moment | None = Field(None, description="预约到诊时间")
    place: str = Field("", max_length=100, examples=["门诊三楼 302 诊室"])
    instructions: str = Field("", max_length=500, examples=["空腹，带身份证"])
    take_plan: bool = Field(True, description="同时整份接收照护计划；否则另行逐项答复")


class DeclineIn(In):
    refusal_code: str = Field(max_length=30, description="见 /catalogue/reasons/refusal")
    refusal: str = Field("", max_length=500)
    alternative: str = Field(
        "", max_length=500, description="替代建议，与 alternative_org 至少一项"
    )
    alternative_org: UUID | None = Field(None, description="建议转往的机构")


class WaitlistIn(In):
    waiting_code: str = Field(max_length=30, description="见 /catalogue/reasons/waiting")
    text: str = Field("", max_length=500)
    review_at: Moment | None = Field(None, description="复核时间；省略时按参数")


class RedirectIn(PlaceIn):
    to_org: UUID
    to_department: str = Field("", max_length=50)


class EndIn(In):
    end_code: str = Field(max_length=30, description="见 /catalogue/reasons/cancel 或 end")
    end_reason: str = Field("", max_length=500)


class DepartIn(In):
    departed_at: Moment
    transport: str = Field("", max_length=100, examples=["120 急救车"])


class ReceiveIn(In):
    arrived_at: Moment


class TreatIn(In):
    encounter_kind: EncounterKind | None = Field(None, description="省略时按转诊类型")
    department: str = Field("", max_length=50)


class DischargeIn(In):
    discharged_at: Moment
    discharge_way: str = Field("", max_length=1, description="住院必填", examples=["1"])
    outcome: str = Field("", max_length=1, examples=["2"])


class ProposeDownIn(In):
    to_org: UUID
    rehabilitation: str = Field(
        "",
        max_length=1000,
        description="有照护计划时可空，取自计划",
        examples=["低盐饮食，每日步行"],
    )
    assessment: str = Field(min_length=1, max_length=2000, examples=["冠心病，血压控制可"])
    treatment_plan: str = Field(
        "",
        max_length=2000,
        description="有照护计划时可空，取自计划",
        examples=["阿司匹林 100 mg qd"],
    )
    plan: CarePlanIn | None = Field(None, description="照护计划")
    reason_code: str = Field("stable-rehabilitation", max_length=30)
    disposal_plan: str = Field("", max_length=2000)
    kind: ReferralKind = Kind.OUTPATIENT
    follow_up_org: UUID | None = None


class CloseIn(In):
    receipt_results: str = Field("", max_length=2000)
    receipt_treatment: str = Field(max_length=2000, examples=["冠脉造影未见明显狭窄"])
    receipt_plan: str = Field(max_length=2000, examples=["继续口服药物，两周后复诊"])
    outcome: str = Field(max_length=1, description="病情转归", examples=["2"])
    final_code: str = Field(max_length=11, description="ICD-10", examples=["I20.8"])
    final_name: str = Field("", max_length=100)
    inpatient_no: str = Field("", max_length=18)
    receipt_doctor: str = Field("", max_length=50)


class FollowUpIn(In):
    followed_up_at: Moment
    follow_up_note: str = Field(max_length=2000, examples=["血压 128/80 mmHg，无胸闷"])
    follow_up_doctor: str = Field("", max_length=50)


class FilingIn(In):
    filing_number: str = Field(min_length=1, max_length=40, examples=["ZW2026110012"])
    filed_on: Day


class AttachIn(In):
    document: UUID = Field(description="已归档的文档，见 POST /documents")


class DestinationQuery(Schema):
    """What is asked of a destination; what is left out is left open."""

    urgency: Urgency = Urgency.ROUTINE
    kind: ReferralKind = Kind.OUTPATIENT
    diagnosis_code: str = Field("", max_length=11, description="ICD-10", examples=["I20.0"])
    to_department: str = Field("", max_length=50, description="科室名称或能力代码")
    needs: list[str] = Field([], max_length=20, description="所需技术、设备的能力代码")
    direction: Direction | None = Field(None, description="省略时按本机构层级")
    sex: str = Field("", max_length=1, description="性别代码，选床用；给出 person 时不必")
    person: PersonId | None = None
    assessment: UUID | None = Field(None, description="依据的分诊建议")
    limit: int = Field(20, ge=1, le=500)


class ShareOut(Schema):
    """What one factor contributes: its score from 0 to 1, its points, and the most it can give."""

    factor: str = Field(examples=["travel"])
    score: float
    points: float
    most: float


class DestinationOut(Schema):
    """A house and department to which the patient could go, and why it stands where it does."""

    organisation: Named
    department: Named | None
    to_department: str
    slot: UUID | None = Field(description="转诊渠道最早的空号")
    slot_start_at: datetime | None
    ward: UUID | None = Field(description="空床最多的病区")
    beds: int | None = Field(description="适合该患者性别的空床；不需床位时为 null")
    minutes: int | None = Field(description="车程（分钟）")
    covered: bool = Field(description="协议内")
    cover: str
    asked: int = Field(description="统计期内收到的申请")
    accepted: int
    median_minutes: int | None = Field(description="答复用时中位数（分钟）")
    why: list[str] = Field(examples=[["最早 今天 14:30", "车程 35 分钟", "协议内"]])
    points: float = Field(description="满分 100，按此排序")
    shares: list[ShareOut]


class LeftOutOut(Schema):
    """A house that cannot take the patient."""

    id: UUID
    name: str
    reason: str


class DestinationsOut(Schema):
    """The destinations, the best first, and the houses that were left out."""

    items: list[DestinationOut]
    excluded: list[LeftOutOut]


class PlaceOut(Schema):
    """The slot or bed of a referral: kept, promised or used."""

    slot: UUID | None
    booking: UUID | None
    ward: UUID | None
    bed: UUID | None
    where: str
    start_at: datetime | None
    until: datetime | None = Field(description="预占到何时；已确认则为 null")
    state: str


class ReferralFilter(Paging):
    q: str = Field("", max_length=50, description="转诊单号，或患者姓名的开头")
    state: State | None = None
    direction: Direction | None = None
    urgency: Urgency | None = None
    from_org: UUID | None = None
    to_org: UUID | None = None
    person: PersonId | None = None
    parent: UUID | None = None
    agreement: UUID | None = Field(None, description="依据该协议的")
    uncovered: bool | None = Field(None, description="只列协议外（true）或协议内（false）")
    in_catalogue: bool | None = Field(None, description="转往县外的：是否县域目录内病种")
    filed: bool | None = Field(None, description="转往县外的：是否已转诊备案")
    open: bool | None = Field(None, description="只列未结（true）或已结（false）")
    overdue: bool = Field(False, description="只列已超过时限")
    since: Day | None = Field(None, description="建单日期起")
    until: Day | None = Field(None, description="建单日期止（含）")


class StepOut(Schema):
    """One line of a referral's timeline."""

    at: datetime
    label: str = Field(examples=["接收转诊"])
    who: str
    org: str
    note: str


class ReasonOut(Schema):
    """A coded reason; `text` asks for words beside it."""

    code: str
    zh: str
    en: str
    text: bool


class Period(Schema):
    since: Day
    until: Day


class StatisticsOut(Schema):
    """The counts of a period; a rate keeps numerator and denominator."""

    since: date
    until: date
    submitted: int
    open: int
    overdue: int
    up: int
    down: int
    uncovered: int = Field(description="协议外")
    out_in_catalogue: dict[str, int] = Field(description="转往县外中县域目录内病种")
    out_filed: dict[str, int] = Field(description="转往县外中已转诊备案")
    accepted: dict[str, int]
    arrived: dict[str, int]
    closed: dict[str, int]
    receipt_in_time: dict[str, int]
    followed_up: dict[str, int]
    by_direction: list[dict[str, Any]]
    by_house: list[dict[str, Any]]
    by_diagnosis: list[dict[str, Any]]
    by_refusal: list[dict[str, Any]]
    to_accept: list[dict[str, Any]]
    down_up_goal: float = Field(description="下转与上转之比的目标")
    by_month: list[dict[str, Any]] = Field(description="逐月上转与下转例数")
