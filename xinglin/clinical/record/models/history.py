"""What lasts: the problem list, the family's illnesses, the cover of the health record."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.record.models.facts import Fact, OfEncounter, once_per_source
from xinglin.registry.terminology import catalogue as terminology


class Problem(OfEncounter):
    """A problem that goes on beyond one visit (问题列表), with the diagnoses made of it."""

    WHEN = "noted_on"

    class Status(models.TextChoices):
        ACTIVE = "active", _("进行中")
        INACTIVE = "inactive", _("静止")
        RESOLVED = "resolved", _("已解决")

    system = models.CharField(_("编码体系"), max_length=120, default="icd10")
    code = models.CharField(_("问题编码"), max_length=30)
    name = models.CharField(_("问题名称"), max_length=200)
    status = models.CharField(_("状态"), max_length=10, choices=Status, default=Status.ACTIVE)
    onset_on = models.DateField(_("起病日期"), null=True, blank=True)
    abated_on = models.DateField(_("缓解日期"), null=True, blank=True)
    note = models.CharField(_("说明"), max_length=500, blank=True)
    noted_on = models.DateField(_("记录日期"))

    class Meta:
        verbose_name = _("健康问题")
        constraints = [
            once_per_source("problem"),
            models.CheckConstraint(
                condition=Q(abated_on=None) | Q(onset_on=None) | Q(abated_on__gte=F("onset_on")),
                name="problem_abates_after_onset",
            ),
            models.CheckConstraint(
                condition=Q(abated_on=None) | ~Q(status="active"),
                name="problem_active_has_not_abated",
            ),
        ]
        indexes = [models.Index(fields=["person", "-happened_at"], name="problem_person")]

    def __str__(self) -> str:
        return gettext("%(name)s（%(code)s）") % {"name": self.name, "code": self.code}


class FamilyHistory(OfEncounter):
    """An illness of a relative (家族史)."""

    WHEN = "noted_on"

    relation = models.CharField(_("与本人关系"), max_length=2)
    system = models.CharField(_("编码体系"), max_length=120, default="past-disease")
    code = models.CharField(_("疾病编码"), max_length=30)
    name = models.CharField(_("疾病名称"), max_length=200)
    onset_age = models.PositiveSmallIntegerField(_("发病年龄"), null=True, blank=True)
    died_of_it = models.BooleanField(_("因此去世"), null=True, blank=True)
    note = models.CharField(_("说明"), max_length=200, blank=True)
    noted_on = models.DateField(_("记录日期"))

    class Meta:
        verbose_name = _("家族史")
        verbose_name_plural = _("家族史")
        constraints = [once_per_source("family_history")]
        indexes = [models.Index(fields=["person", "-happened_at"], name="family_history_person")]

    def __str__(self) -> str:
        return gettext("%(relation)s：%(name)s") % {
            "relation": self.get_relation_display(),
            "name": self.name,
        }

    def get_relation_display(self) -> str:
        """The relative in the reader's language."""
        found = terminology.find("family-relation", self.relation)
        return found.label if found else self.relation


class HealthCover(Fact):
    """The cover of the resident's health record and the personal form behind it.

    居民健康档案封面 and 个人基本信息表 of 国家基本公共卫生服务规范（第三版）. Name, sex, birth,
    ID card, telephone and address are the person's; what is here is what the person's row
    does not know. Values are the codes of the catalogue's lists, which name the code of the
    printed form and of WS 365 beside each: they differ, so they are mapped at every border.
    """

    WHEN = "established_on"

    number = models.CharField(_("居民健康档案编号"), max_length=17)
    established_on = models.DateField(_("建档日期"))
    doctor = models.CharField(_("责任医生"), max_length=50, blank=True)
    registered_address = models.CharField(_("户籍地址"), max_length=200, blank=True)
    workplace = models.CharField(_("工作单位"), max_length=100, blank=True)
    residence = models.CharField(_("常住类型"), max_length=10, blank=True)
    abo = models.CharField(_("ABO血型"), max_length=1, blank=True)
    rh = models.CharField(_("Rh血型"), max_length=10, blank=True)
    education = models.CharField(_("文化程度"), max_length=2, blank=True)
    occupation = models.CharField(_("职业"), max_length=2, blank=True)
    marriage = models.CharField(_("婚姻状况"), max_length=2, blank=True)
    payments = models.JSONField(_("医疗费用支付方式"), default=list, blank=True)
    drug_allergies = models.JSONField(_("药物过敏史"), default=list, blank=True)
    exposures = models.JSONField(_("暴露史"), default=list, blank=True)
    # [{"code": "02", "name": "", "on": "2019-05"}]: the month in which it was confirmed.
    past_diseases = models.JSONField(_("既往疾病"), default=list, blank=True)
    # [{"name": "阑尾切除术", "on": "2001-06"}] each.
    operations = models.JSONField(_("手术史"), default=list, blank=True)
    injuries = models.JSONField(_("外伤史"), default=list, blank=True)
    transfusions = models.JSONField(_("输血史"), default=list, blank=True)
    genetic = models.CharField(_("遗传病史"), max_length=100, blank=True)
    disabilities = models.JSONField(_("残疾情况"), default=list, blank=True)
    exhaust = models.CharField(_("厨房排风设施"), max_length=10, blank=True)
    fuel = models.CharField(_("燃料类型"), max_length=10, blank=True)
    water = models.CharField(_("饮水"), max_length=10, blank=True)
    toilet = models.CharField(_("厕所"), max_length=10, blank=True)
    livestock = models.CharField(_("禽畜栏"), max_length=10, blank=True)
    closed_on = models.DateField(_("终止日期"), null=True, blank=True)
    close_reason = models.CharField(_("终止原因"), max_length=10, blank=True)

    class Meta:
        verbose_name = _("健康档案")
        constraints = [
            once_per_source("health_cover"),
            models.UniqueConstraint(
                fields=["number"], condition=Q(voided_at=None), name="health_cover_number_once"
            ),
            models.CheckConstraint(
                condition=Q(closed_on=None, close_reason="")
                | (Q(closed_on__gte=F("established_on")) & ~Q(close_reason="")),
                name="health_cover_closed_with_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["person", "-happened_at"], name="health_cover_person")]

    def __str__(self) -> str:
        return gettext("健康档案 %(number)s") % {"number": self.number}

    def get_absolute_url(self) -> str:
        return reverse("record:cover", args=[self.person_id])

    @property
    def committee(self) -> str:
        """The village's or neighbourhood's committee that gave the number."""
        return self.number[:12]


class RecordSerial(models.Model):
    """The last number of a health record that a village's or neighbourhood's committee gave out.

    A number is never given twice, not even when its record was struck out.
    """

    committee = models.CharField(_("村（居）委会代码"), max_length=12, primary_key=True)
    last = models.PositiveIntegerField(_("末号"), default=0)

    class Meta:
        verbose_name = _("健康档案编号簿")

    def __str__(self) -> str:
        return f"{self.committee} {self.last:05d}"
