"""Tables of organisations, staff and residents."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext_lazy as _

from xinglin.gateway.imports import values
from xinglin.gateway.imports.kinds.columns import HOUSE, ID_CARD, NOTE, Column, Kind

ORGANISATIONS = Kind(
    "organisations",
    _("机构"),
    "机构",
    (
        Column(
            "code",
            "机构代码",
            values.code(22),
            ("代码", "机构编码", "organisation_code"),
            True,
            example="QS201",
        ),
        Column(
            "name",
            "机构名称",
            values.text(70),
            ("名称", "机构全称", "name"),
            True,
            example="青山镇中心卫生院",
        ),
        Column(
            "parent",
            "上级机构代码",
            values.code(22),
            ("上级代码", "主管机构代码", "parent_code"),
            hint=_("县（市、区）一行留空，其余必填。"),
            example="QS100",
        ),
        Column(
            "level",
            "层级",
            values.level,
            ("机构层级", "级别"),
            True,
            example="乡镇卫生院",
            list_of="level",
        ),
        Column("short_name", "简称", values.text(30), ("机构简称",), example="青山镇卫生院"),
        Column(
            "org_class",
            "机构类别",
            values.code(4),
            ("机构类别代码", "卫生机构类别", "class"),
            hint="WS 218",
            example="C210",
        ),
        Column(
            "credit_code", "统一社会信用代码", values.code(18), ("信用代码", "社会信用代码", "uscc")
        ),
        Column("insurance_code", "医保机构编码", values.code(12), ("医保编码", "定点医疗机构编码")),
        Column("area_code", "行政区划代码", values.code(12), ("行政区划", "区划代码")),
        Column(
            "leads",
            "牵头医院",
            values.yes_or_no,
            ("是否牵头", "是否牵头医院", "leads"),
            example="否",
        ),
        Column(
            "outside",
            "县域外合作机构",
            values.yes_or_no,
            ("县外", "是否县外", "outside"),
            example="否",
        ),
        Column("address", "地址", values.text(200), ("机构地址",), example="青山县青山镇人民路1号"),
        Column(
            "phone", "电话", values.digits(20), ("联系电话", "机构电话"), example="0571-88880001"
        ),
        Column(
            "services",
            "服务范围",
            values.several(500),
            ("诊疗科目", "services"),
            example="全科、中医",
        ),
        Column(
            "holds",
            "增有能力",
            values.several(500),
            ("服务能力", "增列病种", "holds"),
            hint=_("比本级机构多的科室、技术、设备或病种编码。"),
            example="呼吸机、CT、J15.9",
        ),
        Column(
            "lacks",
            "缺少能力",
            values.several(500),
            ("不具备", "lacks"),
            hint=_("本级机构一般具备而本机构没有的。"),
        ),
        Column("closed_on", "停办日期", values.day, ("closed_on",)),
        Column("latitude", "纬度", values.degrees(90), ("纬度（度）", "lat"), example="29.123456"),
        Column(
            "longitude",
            "经度",
            values.degrees(180),
            ("经度（度）", "lng", "lon"),
            example="119.123456",
        ),
        NOTE,
    ),
    _("先导入县、医共体、县级医院，再到乡镇和村；同一张表里先后不限。"),
)
TRAVEL = Kind(
    "travel",
    _("机构间路程"),
    "路程",
    (
        Column(
            "from_org",
            "出发机构代码",
            values.code(22),
            ("出发机构", "起点机构代码", "from"),
            True,
            hint=_("机构表中的代码。"),
            example="QS201",
        ),
        Column(
            "to_org",
            "到达机构代码",
            values.code(22),
            ("到达机构", "终点机构代码", "to"),
            True,
            hint=_("机构表中的代码。"),
            example="QS100",
        ),
        Column(
            "minutes",
            "路程分钟",
            values.whole(1, 1440),
            ("路程（分钟）", "分钟", "行程分钟"),
            True,
            hint=_("没有单独登记回程的，往返相同。"),
            example="35",
        ),
        NOTE,
    ),
)

STAFF = Kind(
    "staff",
    _("人员"),
    "人员",
    (
        Column(
            "code",
            "工号",
            values.code(30),
            ("人员编号", "职工号", "staff_code", "code"),
            True,
            example="QS2010001",
        ),
        Column("name", "姓名", values.text(50), ("人员姓名",), True, example="王建华"),
        Column("sex", "性别", values.sex, ("gender",), example="男"),
        ID_CARD,
        Column(
            "phone",
            "电话",
            values.digits(30),
            ("联系电话", "手机号", "手机", "mobile"),
            hides="phone",
            example="13900000001",
        ),
        Column("house", "机构代码", values.code(22), HOUSE.spellings, True, example="QS201"),
        Column("department", "科室", values.text(50), ("所在科室", "科室名称"), example="全科"),
        Column(
            "role",
            "岗位角色",
            values.role,
            ("岗位", "角色", "role"),
            True,
            example="乡镇卫生院医生",
            list_of="role",
        ),
        Column(
            "since",
            "任职起",
            values.day,
            ("任职开始日期", "任职日期", "起始日期", "since"),
            True,
            example=date(2024, 1, 1),
        ),
        Column("until", "任职止", values.day, ("任职结束日期", "截止日期", "until")),
        Column(
            "licence_no",
            "执业证书编号",
            values.code(30),
            ("执业证号", "医师执业证书编码", "licence"),
        ),
        Column("title", "职称", values.text(30), ("专业技术职称", "title"), example="主治医师"),
        Column("username", "账号", values.code(60), ("登录账号", "用户名", "account")),
        NOTE,
    ),
    _("一人在几处任职就写几行，工号相同。账号只登记名称，密码由管理员另行发放。"),
)
RESIDENTS = Kind(
    "residents",
    _("居民"),
    "居民",
    (
        Column(
            "name",
            "姓名",
            values.text(50),
            ("居民姓名", "患者姓名", "full_name"),
            True,
            example="陈桂香",
        ),
        Column("sex", "性别", values.sex, ("gender",), example="女"),
        Column(
            "birth_date",
            "出生日期",
            values.day,
            ("出生年月日", "生日", "birthday", "date_of_birth"),
            example=date(1962, 5, 4),
        ),
        Column(
            "id_type",
            "证件类型",
            values.coded("id-type"),
            ("身份证件类别", "证件类别"),
            list_of="id-type",
            hint=_("不填为居民身份证。"),
        ),
        ID_CARD,
        Column(
            "phone",
            "电话",
            values.digits(30),
            ("联系电话", "手机号", "手机", "本人电话", "mobile"),
            hides="phone",
            hint=_("单元格须设为“文本”格式。"),
            example="13900000001",
        ),
        Column("contact_name", "联系人", values.text(50), ("联系人姓名",)),
        Column(
            "contact_phone", "联系人电话", values.digits(30), ("联系人联系电话",), hides="phone"
        ),
        Column(
            "ethnicity", "民族", values.coded("ethnicity"), (), example="汉族", list_of="ethnicity"
        ),
        Column(
            "payment_type",
            "医疗费用来源",
            values.coded("payment-type"),
            ("医疗费用支付方式", "费别", "医保类型"),
            example="02",
            list_of="payment-type",
        ),
        Column("province", "省", values.text(70), ("省份", "地址-省"), example="浙江省"),
        Column("city", "市", values.text(70), ("地市", "地址-市")),
        Column(
            "district",
            "县（区）",
            values.text(70),
            ("县", "县区", "区县", "地址-县"),
            example="青山县",
        ),
        Column(
            "township",
            "乡镇（街道）",
            values.text(70),
            ("乡镇", "街道", "乡镇街道", "地址-乡"),
            example="青山镇",
        ),
        Column(
            "village",
            "村（居委会）",
            values.text(70),
            ("村", "居委会", "村居", "行政村", "地址-村"),
            example="上柳村",
        ),
        Column(
            "address_detail",
            "门牌号",
            values.text(70),
            ("住址", "家庭住址", "现住址", "详细地址", "地址", "address"),
            example="12号",
        ),
        Column(
            "managed_by",
            "管理机构代码",
            values.code(22),
            ("档案管理机构代码", "建档机构代码", "机构代码", "managing_organisation"),
            hint=_("保管健康档案的卫生院或卫生室。"),
            example="QS201",
        ),
        Column(
            "health_record_no",
            "健康档案编号",
            values.digits(17),
            ("居民健康档案编号", "档案号"),
            hides="id",
        ),
        Column("local_no", "本地编号", values.code(60), ("病案号", "居民编号", "patient_id")),
        NOTE,
    ),
    _(
        "没有身份证号的居民须填出生日期。再次导入按身份证号、档案编号或本地编号认人，空单元格不改动原有内容。"
    ),
)
