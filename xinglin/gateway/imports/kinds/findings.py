"""Tables of diagnoses, results, procedures, vaccines, problems, family history, covers, papers."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext_lazy as _

from xinglin.clinical.record.models import Document, Problem
from xinglin.gateway.imports import values
from xinglin.gateway.imports.kinds.columns import DOCTOR, HOUSE, NOTE, PERSON, Column, Kind

VISIT = Column("visit", "就诊编号", values.code(60), ("就诊流水号", "流水号", "visit_id"))
SEVERAL = _("多个用顿号隔开。")
FORM = _("填名称，或《规范（第三版）》个人基本信息表的代码。")


def _icd10(required: bool) -> Column:
    return Column(
        "code",
        "诊断编码",
        values.code(30),
        ("ICD10", "ICD-10", "疾病编码", "主要诊断编码"),
        required,
        hint="ICD-10",
        example="I10",
    )


DIAGNOSES = Kind(
    "diagnoses",
    _("诊断"),
    "诊断",
    (
        *PERSON,
        HOUSE,
        VISIT,
        _icd10(True),
        Column("name", "诊断名称", values.text(200), ("诊断",), example="原发性高血压"),
        Column(
            "diagnosed_on",
            "诊断日期",
            values.day,
            ("确诊日期",),
            True,
            example=date(2026, 3, 2),
        ),
        Column("main", "主要诊断", values.yes_or_no, ("是否主要诊断",), example="是"),
        Column(
            "on_admission",
            "入院病情",
            values.coded("on-admission"),
            (),
            list_of="on-admission",
        ),
        DOCTOR,
        NOTE,
    ),
    _("同一居民、机构、就诊编号、诊断编码和日期算同一条；与就诊表一同导入时不必再写主要诊断。"),
)
OBSERVATIONS = Kind(
    "observations",
    _("检查结果"),
    "检查结果",
    (
        *PERSON,
        HOUSE,
        VISIT,
        Column(
            "report", "报告编号", values.code(60), ("检验单号", "标本号", "条码号", "report_id")
        ),
        Column(
            "code",
            "项目",
            values.text(60),
            ("项目编码", "项目名称", "检验项目", "检查项目", "LOINC", "项目代码"),
            True,
            hint=_("LOINC 编码、名称或英文缩写。"),
            example="血红蛋白",
        ),
        Column(
            "value", "结果", values.text(500), ("结果值", "检验结果", "测定值"), True, example="132"
        ),
        Column("unit", "单位", values.text(30), ("计量单位",), example="g/L"),
        Column("specimen", "标本", values.coded("specimen"), ("标本类型",), list_of="specimen"),
        Column("reference_low", "参考值下限", values.number, ("参考下限",)),
        Column("reference_high", "参考值上限", values.number, ("参考上限",)),
        Column(
            "measured_at",
            "检验时间",
            values.moment,
            ("测量时间", "采样时间", "报告时间", "检查时间", "检验日期"),
            True,
            example="2026-03-02 09:10",
        ),
        DOCTOR,
        NOTE,
    ),
    _("同一居民、机构、报告编号、项目和时间算同一条；单位可换算的自动换算。"),
)
PROCEDURES = Kind(
    "procedures",
    _("手术操作"),
    "手术操作",
    (
        *PERSON,
        HOUSE,
        VISIT,
        Column(
            "code",
            "手术操作编码",
            values.code(30),
            ("手术编码", "操作编码", "ICD9", "ICD-9-CM-3"),
            True,
            hint="ICD-9-CM-3",
            example="47.09",
        ),
        Column("name", "手术操作名称", values.text(200), ("手术名称", "操作名称")),
        Column(
            "performed_at",
            "手术操作时间",
            values.moment,
            ("手术日期", "手术时间", "操作日期"),
            True,
            example="2026-03-02 10:30",
        ),
        Column("ended_at", "手术操作结束时间", values.moment, ("手术结束时间",)),
        Column("main", "主要手术操作", values.yes_or_no, ("是否主要手术",)),
        Column("operator", "术者", values.text(50), ("手术医生", "主刀"), example="陈主任"),
        Column("grade", "手术级别", values.coded("operation-grade"), (), list_of="operation-grade"),
        Column("anaesthesia", "麻醉方式", values.coded("anaesthesia"), (), list_of="anaesthesia"),
        Column("healing", "切口愈合", values.coded("wound-healing"), (), list_of="wound-healing"),
        Column("site", "部位", values.text(50), ("手术部位",)),
        DOCTOR,
        NOTE,
    ),
    _("同一居民、机构、手术操作编码和时间算同一条。"),
)
IMMUNIZATIONS = Kind(
    "immunizations",
    _("预防接种"),
    "预防接种",
    (
        *PERSON,
        HOUSE,
        Column(
            "vaccine",
            "疫苗",
            values.text(100),
            ("疫苗名称", "疫苗编码", "疫苗代码", "vaccine"),
            True,
            hint=_("名称或缩写。"),
            example="IIV4",
        ),
        Column("trade_name", "商品名", values.text(100), ()),
        Column("dose_number", "剂次", values.number, ("针次",), example="1"),
        Column("lot", "批号", values.code(30), ("疫苗批号",), example="202601A"),
        Column("manufacturer", "生产企业", values.text(100), ("厂家", "生产厂家")),
        Column("expires_on", "有效期至", values.day, ("有效期", "失效日期")),
        Column("site", "接种部位", values.coded("injection-site"), (), list_of="injection-site"),
        Column(
            "route",
            "接种途径",
            values.coded("vaccination-route"),
            (),
            list_of="vaccination-route",
        ),
        Column("given_on", "接种日期", values.day, ("接种时间",), True, example=date(2026, 3, 2)),
        Column("next_due_on", "下次接种日期", values.day, ("下次接种",)),
        DOCTOR,
        NOTE,
    ),
    _("同一居民、机构、疫苗、剂次和接种日期算同一条。"),
)
PROBLEMS = Kind(
    "problems",
    _("健康问题"),
    "健康问题",
    (
        *PERSON,
        HOUSE,
        Column(
            "code",
            "问题编码",
            values.code(30),
            ("ICD10", "ICD-10", "疾病编码"),
            True,
            hint="ICD-10",
            example="E11.9",
        ),
        Column("name", "问题名称", values.text(200), ("疾病名称",), example="2型糖尿病"),
        Column(
            "status", "状态", values.of_choices(Problem.Status), ("问题状态",), list_of="problem"
        ),
        Column("onset_on", "起病日期", values.day, ("发病日期",), example=date(2019, 5, 1)),
        Column("abated_on", "缓解日期", values.day, ("痊愈日期",)),
        Column("noted_on", "记录日期", values.day, ("登记日期",), True, example=date(2026, 3, 2)),
        DOCTOR,
        NOTE,
    ),
    _("同一居民、机构和问题编码算同一条。"),
)
FAMILY = Kind(
    "family-histories",
    _("家族史"),
    "家族史",
    (
        *PERSON,
        HOUSE,
        Column(
            "relation",
            "与本人关系",
            values.coded("family-relation"),
            ("关系", "亲属关系"),
            True,
            example="父亲",
            list_of="family-relation",
        ),
        Column(
            "code",
            "疾病",
            values.of_form("past-disease", "family"),
            ("家族史疾病", "疾病名称"),
            True,
            hint=FORM,
            example="高血压",
            list_of="past-disease",
        ),
        Column("onset_age", "发病年龄", values.number, ()),
        Column("noted_on", "记录日期", values.day, ("登记日期",), True, example=date(2026, 3, 2)),
        DOCTOR,
        NOTE,
    ),
    _("同一居民、机构、关系和疾病算同一条。"),
)


def _form(key: str, label: str, system: str, *spellings: str) -> Column:
    return Column(
        key,
        label,
        values.of_form(system, "form"),
        spellings,
        hint=FORM,
        list_of=system,
    )


def _forms(key: str, label: str, system: str, *spellings: str) -> Column:
    return Column(key, label, values.many_of_form(system, "form"), spellings, hint=SEVERAL)


COVERS = Kind(
    "health-covers",
    _("健康档案"),
    "健康档案",
    (
        *PERSON[:2],
        Column(
            "health_record_no",
            "健康档案编号",
            values.digits(40),
            ("居民健康档案编号", "档案编号"),
            True,
            hides="id",
            hint=_("17 位，单元格须设为“文本”格式。"),
        ),
        HOUSE,
        Column(
            "established_on",
            "建档日期",
            values.day,
            ("建档时间",),
            True,
            example=date(2020, 3, 2),
        ),
        Column("doctor", "责任医生", values.text(50), ("签约医生",)),
        Column("registered_address", "户籍地址", values.text(200), ()),
        Column("workplace", "工作单位", values.text(100), ()),
        _form("residence", "常住类型", "residence"),
        _form("abo", "血型", "abo", "ABO血型"),
        _form("rh", "RH阴性", "rh", "Rh", "Rh血型"),
        _form("education", "文化程度", "education"),
        _form("occupation", "职业", "occupation"),
        _form("marriage", "婚姻状况", "marriage"),
        _forms("payments", "医疗费用支付方式", "payment-type"),
        _forms("drug_allergies", "药物过敏史", "drug-allergy"),
        _forms("exposures", "暴露史", "exposure"),
        _forms("past_diseases", "既往疾病", "past-disease", "疾病史"),
        Column("genetic", "遗传病史", values.text(100), ()),
        _forms("disabilities", "残疾情况", "disability"),
        _form("exhaust", "厨房排风设施", "kitchen-exhaust"),
        _form("fuel", "燃料类型", "fuel"),
        _form("water", "饮水", "drinking-water"),
        _form("toilet", "厕所", "toilet"),
        _form("livestock", "禽畜栏", "livestock"),
        DOCTOR,
        NOTE,
    ),
    _("一位居民一份健康档案，再次导入按档案编号认同一份。"),
)
DOCUMENTS = Kind(
    "documents",
    _("文档"),
    "文档",
    (
        *PERSON,
        HOUSE,
        VISIT,
        Column("title", "标题", values.text(200), ("文档名称",), True, example="出院小结"),
        Column(
            "kind",
            "文档类别",
            values.of_choices(Document.Kind),
            (),
            True,
            example="出院小结",
            list_of="document",
        ),
        Column(
            "filed_at",
            "归档时间",
            values.moment,
            ("归档日期", "文档日期"),
            True,
            example="2026-03-02 10:30",
        ),
        Column(
            "url",
            "文件地址",
            values.text(500),
            ("地址", "链接", "url"),
            True,
            hint=_("原文所在系统的地址；原文不随表导入。"),
            example="https://pacs.example/report/1",
        ),
        DOCTOR,
        NOTE,
    ),
    _("只登记文档的目录；同一居民、机构和文件地址算同一份。"),
)
