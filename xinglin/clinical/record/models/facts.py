"""Encounters and the facts found, given and filed in them."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.privacy import models as privacy
from xinglin.clinical.record import rules
from xinglin.kernel.access import Actor
from xinglin.kernel.records import Record
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person

if TYPE_CHECKING:
    from typing import Self


class FactQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> Self:
        """What the post's houses wrote, and facts of the people whose record is open to it."""
        return self.filter(privacy.seen(actor, str(self.model._meta.model_name)))

    def standing(self) -> Self:
        """Without what was voided."""
        return self.filter(voided_at=None)

    def of(self, person: Person) -> Self:
        return self.filter(person=person)

    def newest_first(self) -> Self:
        return self.order_by("-happened_at", "-id")

    def in_use(self, day: date) -> Self:
        """Of medicines: those taken on a day; not what the person says is not taken."""
        return (
            self.standing()
            .filter(Q(ended_on=None) | Q(ended_on__gte=day), started_on__lte=day)
            .exclude(taken=False)
        )


class HappenedAt(models.DateTimeField):  # type: ignore[type-arg]
    """When a fact happened, whatever its own field for it is called; kept with every save."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        assert isinstance(model_instance, Fact)
        moment = model_instance.moment()
        setattr(model_instance, self.attname, moment)
        return moment


class Fact(Record):
    """Something about a person that says where, when, by whom and from which system.

    A wrong fact is voided (作废) with who and why, and replaced; it is never overwritten. What
    stands in its place names it in `replaces`.
    `source` and `source_id` name the fact in the system it came from: the same fact sent
    twice is one fact.
    """

    # The field that says when it happened.
    WHEN: ClassVar[str]

    person = models.ForeignKey(
        Person, models.PROTECT, related_name="%(class)ss", verbose_name=_("居民")
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("机构")
    )
    author = models.CharField(_("记录人"), max_length=50, blank=True)
    # A sensitive domain of catalogue/sensitive.toml; "" for what every carer reads.
    domain = models.CharField(max_length=20, blank=True, editable=False)
    happened_at = HappenedAt(_("发生时间"), editable=False)
    source = models.CharField(_("来源系统"), max_length=120, blank=True, editable=False)
    source_id = models.CharField(_("来源编号"), max_length=120, blank=True, editable=False)
    replaces = models.OneToOneField(
        "self",
        models.PROTECT,
        related_name="replaced_by",
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("更正的是"),
    )
    voided_at = models.DateTimeField(null=True, blank=True, editable=False)
    voided_by = models.CharField(max_length=50, blank=True, editable=False)
    void_reason = models.CharField(_("作废原因"), max_length=200, blank=True, editable=False)

    objects: ClassVar[FactQuerySet] = FactQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        abstract = True

    def trail_county_id(self) -> Any:
        return self.person.county_id

    def facts(self) -> dict[str, Any]:
        """What the trail keeps; `happened_at` only repeats another field."""
        told = super().facts()
        told.pop("happened_at")
        return told

    def moment(self) -> datetime:
        """When it happened. Of a day alone: the hour of writing if that was the day, else 0:00."""
        field: Any = self._meta.get_field(self.WHEN)
        told: date | datetime = field.to_python(getattr(self, self.WHEN))
        if isinstance(told, datetime):
            return told
        if told == timezone.localdate(self.created_at):
            return self.created_at
        return timezone.make_aware(datetime.combine(told, time.min))


def once_per_source(name: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(
        fields=["organisation", "source", "source_id"],
        condition=~Q(source_id="") & Q(voided_at=None),
        name=f"{name}_source_once",
    )


class Encounter(Fact):
    """A visit or a stay: outpatient, inpatient, emergency, at home or remote."""

    WHEN = "started_at"

    class Kind(models.TextChoices):
        OUTPATIENT = "outpatient", _("门诊")
        INPATIENT = "inpatient", _("住院")
        EMERGENCY = "emergency", _("急诊")
        HOME = "home", _("家庭访视")
        REMOTE = "remote", _("远程")

    kind = models.CharField(_("就诊类型"), max_length=12, choices=Kind)
    department = models.CharField(_("科室"), max_length=50, blank=True)
    visit_no = models.CharField(_("门（急）诊号／住院号"), max_length=18, blank=True)
    started_at = models.DateTimeField(_("就诊时间"))
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True)
    complaint = models.CharField(_("主诉"), max_length=200, blank=True)
    history = models.TextField(_("现病史"), max_length=1000, blank=True)
    treatment = models.TextField(_("处理"), max_length=1000, blank=True)
    discharge_way = models.CharField(_("离院方式"), max_length=1, blank=True)
    outcome = models.CharField(_("病情转归"), max_length=1, blank=True)

    class Meta:
        verbose_name = _("就诊")
        constraints = [
            once_per_source("encounter"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                name="encounter_ends_after_it_starts",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-happened_at"], name="encounter_person"),
            models.Index(fields=["organisation", "-started_at"], name="encounter_house"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.started_at:%Y-%m-%d}"

    def get_absolute_url(self) -> str:
        return reverse("record:encounter", args=[self.pk])


class OfEncounter(Fact):
    """A fact that may belong to an encounter."""

    encounter = models.ForeignKey(
        Encounter,
        models.PROTECT,
        related_name="%(class)ss",
        null=True,
        blank=True,
        verbose_name=_("就诊"),
    )

    class Meta:
        abstract = True


class Diagnosis(OfEncounter):
    """A diagnosis, coded in ICD-10 or as another system sent it."""

    WHEN = "diagnosed_on"

    system = models.CharField(_("编码体系"), max_length=120, default="icd10")
    code = models.CharField(_("诊断编码"), max_length=30)
    name = models.CharField(_("诊断名称"), max_length=200)
    main = models.BooleanField(_("主要诊断"), default=True)
    # How it was on admission (入院病情), which the front page of a stay must tell.
    on_admission = models.CharField(_("入院病情"), max_length=1, blank=True)
    problem = models.ForeignKey(
        "record.Problem",
        models.PROTECT,
        related_name="diagnoses",
        null=True,
        blank=True,
        verbose_name=_("所属问题"),
    )
    diagnosed_on = models.DateField(_("诊断日期"))

    class Meta:
        verbose_name = _("诊断")
        verbose_name_plural = _("诊断")
        constraints = [once_per_source("diagnosis")]
        indexes = [
            models.Index(fields=["person", "-happened_at"], name="diagnosis_person"),
            # The latest of each diagnosis, and a trend, without reading all the others.
            models.Index(
                fields=["person", "system", "code", "-happened_at"], name="diagnosis_code"
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(name)s（%(code)s）") % {"name": self.name, "code": self.code}


class Observation(OfEncounter):
    """A vital sign or a result: a number with its unit, or a text.

    A number is kept in the unit of the catalogue; what was told in another, exactly convertible
    one stands in `as_told`. The reference range is the one that held when it was written.
    """

    WHEN = "measured_at"

    class Kind(models.TextChoices):
        VITAL = "vital-signs", _("生命体征")
        LABORATORY = "laboratory", _("检验")
        OTHER = "other", _("其他")

    class Interpretation(models.TextChoices):
        """HL7 v3 ObservationInterpretation, the part of it that county laboratories use."""

        NORMAL = "N", _("正常")
        HIGH = "H", _("偏高")
        LOW = "L", _("偏低")
        VERY_HIGH = "HH", _("危急偏高")
        VERY_LOW = "LL", _("危急偏低")
        ABNORMAL = "A", _("异常")
        POSITIVE = "POS", _("阳性")
        NEGATIVE = "NEG", _("阴性")

    kind = models.CharField(_("类别"), max_length=12, choices=Kind, default=Kind.VITAL)
    system = models.CharField(_("编码体系"), max_length=120, default="loinc")
    code = models.CharField(_("项目编码"), max_length=30)
    name = models.CharField(_("项目"), max_length=200)
    value = models.DecimalField(_("数值"), max_digits=14, decimal_places=4, null=True, blank=True)
    text = models.CharField(_("文字结果"), max_length=500, blank=True)
    unit = models.CharField(_("单位"), max_length=30, blank=True)
    as_told = models.CharField(_("原始结果"), max_length=60, blank=True, editable=False)
    reference_low = models.DecimalField(
        _("参考值下限"), max_digits=14, decimal_places=4, null=True, blank=True
    )
    reference_high = models.DecimalField(
        _("参考值上限"), max_digits=14, decimal_places=4, null=True, blank=True
    )
    interpretation = models.CharField(_("判断"), max_length=3, choices=Interpretation, blank=True)
    specimen = models.CharField(_("标本"), max_length=20, blank=True)
    measured_at = models.DateTimeField(_("测量时间"))

    class Meta:
        verbose_name = _("检查结果")
        constraints = [
            once_per_source("observation"),
            models.CheckConstraint(
                condition=Q(value__isnull=False) | ~Q(text=""), name="observation_says_something"
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-happened_at"], name="observation_person"),
            # The latest of each value, and a trend, without reading all the others.
            models.Index(
                fields=["person", "system", "code", "-happened_at"], name="observation_code"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.result}"

    @property
    def label(self) -> str:
        """What was measured; a vital sign in the reader's language."""
        sign = rules.VITAL_BY_LOINC.get(self.code) if self.system == "loinc" else None
        return sign.label if sign is not None and self.name == sign.zh else self.name

    @property
    def result(self) -> str:
        """The value as people write it: no trailing zeros, with its unit."""
        if self.value is None:
            return self.text
        number = f"{self.value.normalize():f}"
        return f"{number} {rules.said_unit(self.unit)}".strip()

    @property
    def reference(self) -> str:
        """What was usual for the person, as a report prints it; "" where nothing is known."""
        return rules.said_range(self.reference_low, self.reference_high)


class Allergy(OfEncounter):
    """What the person must not be given."""

    WHEN = "noted_on"

    class Status(models.TextChoices):
        ACTIVE = "active", _("有效")
        RESOLVED = "resolved", _("已解除")

    substance = models.CharField(_("过敏原"), max_length=100)
    system = models.CharField(_("编码体系"), max_length=120, blank=True)
    code = models.CharField(_("编码"), max_length=30, blank=True)
    reaction = models.CharField(_("反应"), max_length=200, blank=True)
    severe = models.BooleanField(_("严重"), default=False)
    status = models.CharField(_("状态"), max_length=10, choices=Status, default=Status.ACTIVE)
    noted_on = models.DateField(_("记录日期"))

    class Meta:
        verbose_name = _("过敏")
        verbose_name_plural = _("过敏")
        constraints = [once_per_source("allergy")]
        indexes = [models.Index(fields=["person", "-happened_at"], name="allergy_person")]

    def __str__(self) -> str:
        return self.substance


class Medication(OfEncounter):
    """A medicine ordered or taken: what, how much, how often, from when to when.

    `dose`, `frequency` and `route` are words as they were said; number, unit and codes beside
    them where these are known. `taken` is what the person says: None when nobody asked.
    """

    WHEN = "started_on"

    class Intent(models.TextChoices):
        ORDER = "order", _("医嘱")
        STATEMENT = "statement", _("自述在用")

    intent = models.CharField(_("依据"), max_length=10, choices=Intent, default=Intent.ORDER)

    name = models.CharField(_("药品"), max_length=200)
    system = models.CharField(_("编码体系"), max_length=120, blank=True)
    code = models.CharField(_("药品编码"), max_length=30, blank=True)
    form = models.CharField(_("剂型"), max_length=30, blank=True)
    dose = models.CharField(_("每次剂量"), max_length=50, blank=True)
    dose_value = models.DecimalField(
        _("每次剂量（数值）"), max_digits=12, decimal_places=4, null=True, blank=True
    )
    dose_unit = models.CharField(_("剂量单位"), max_length=20, blank=True)
    frequency = models.CharField(_("频次"), max_length=50, blank=True)
    frequency_code = models.CharField(_("频次代码"), max_length=10, blank=True)
    route = models.CharField(_("用法"), max_length=50, blank=True)
    route_code = models.CharField(_("用法代码"), max_length=10, blank=True)
    days = models.PositiveSmallIntegerField(_("天数"), null=True, blank=True)
    indication = models.CharField(_("用药原因"), max_length=200, blank=True)
    prescriber = models.CharField(_("开立医生"), max_length=50, blank=True)
    taken = models.BooleanField(_("实际服用"), null=True, blank=True)
    stop_reason = models.CharField(_("停用原因"), max_length=200, blank=True)
    started_on = models.DateField(_("开始日期"))
    ended_on = models.DateField(_("停用日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("用药")
        verbose_name_plural = _("用药")
        constraints = [
            once_per_source("medication"),
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(ended_on__gte=F("started_on")),
                name="medication_ends_after_it_starts",
            ),
        ]
        indexes = [models.Index(fields=["person", "-happened_at"], name="medication_person")]

    def __str__(self) -> str:
        return " ".join(x for x in (self.name, self.dose, self.frequency) if x)


class Document(OfEncounter):
    """A filed document: a file stored by its digest, or one that was composed of the record.

    A composed one (discharge summary, front page) has `data` and no file: what it said when it
    was filed, whatever becomes of the facts it was made of.
    """

    WHEN = "filed_at"

    class Kind(models.TextChoices):
        REPORT = "report", _("检查检验报告")
        DISCHARGE = "discharge", _("出院小结")
        FRONT_PAGE = "front-page", _("病案首页")
        CONSENT = "consent", _("知情同意书")
        REFERRAL = "referral", _("转诊单")
        PICTURE = "picture", _("图像")
        OTHER = "other", _("其他")

    kind = models.CharField(_("文档类别"), max_length=12, choices=Kind, default=Kind.OTHER)
    title = models.CharField(_("标题"), max_length=200)
    file = models.FileField(_("文件"), upload_to="documents/%Y/%m", max_length=200, blank=True)
    media_type = models.CharField(max_length=60, blank=True, editable=False)
    size = models.PositiveIntegerField(default=0, editable=False)
    digest = models.CharField(max_length=64, blank=True, editable=False)
    data = models.JSONField(default=dict, blank=True, editable=False)
    filed_at = models.DateTimeField(_("归档时间"))

    class Meta:
        verbose_name = _("文档")
        constraints = [
            once_per_source("document"),
            models.CheckConstraint(
                condition=~Q(file="") | ~Q(data={}), name="document_says_something"
            ),
        ]
        indexes = [models.Index(fields=["person", "-happened_at"], name="document_person")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("record:document", args=[self.pk])
