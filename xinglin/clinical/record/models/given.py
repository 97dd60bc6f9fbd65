"""What was done to a person: operations and treatments, vaccines."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.record.models.facts import OfEncounter, once_per_source


class Procedure(OfEncounter):
    """An operation or treatment (手术操作), coded in ICD-9-CM-3 or as another system sent it."""

    WHEN = "performed_at"

    system = models.CharField(_("编码体系"), max_length=120, default="icd9cm3")
    code = models.CharField(_("手术操作编码"), max_length=30)
    name = models.CharField(_("手术操作名称"), max_length=200)
    main = models.BooleanField(_("主要手术操作"), default=True)
    performed_at = models.DateTimeField(_("手术操作时间"))
    ended_at = models.DateTimeField(_("手术操作结束时间"), null=True, blank=True)
    operator = models.CharField(_("术者"), max_length=50, blank=True)
    # The level of difficulty (手术级别), the anaesthesia and the healing of the cut, by code.
    grade = models.CharField(_("手术级别"), max_length=1, blank=True)
    anaesthesia = models.CharField(_("麻醉方式"), max_length=10, blank=True)
    healing = models.CharField(_("切口愈合"), max_length=10, blank=True)
    site = models.CharField(_("部位"), max_length=50, blank=True)
    note = models.CharField(_("经过与结果"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("手术操作")
        constraints = [
            once_per_source("procedure"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("performed_at")),
                name="procedure_ends_after_it_starts",
            ),
        ]
        indexes = [models.Index(fields=["person", "-happened_at"], name="procedure_person")]

    def __str__(self) -> str:
        return gettext("%(name)s（%(code)s）") % {"name": self.name, "code": self.code}


class Immunization(OfEncounter):
    """A vaccine given: which, which dose of the series, of which lot, where into the body."""

    WHEN = "given_on"

    system = models.CharField(_("编码体系"), max_length=120, default="vaccine")
    code = models.CharField(_("疫苗编码"), max_length=30, blank=True)
    name = models.CharField(_("疫苗名称"), max_length=100)
    trade_name = models.CharField(_("商品名"), max_length=100, blank=True)
    dose_number = models.PositiveSmallIntegerField(_("剂次"), null=True, blank=True)
    lot = models.CharField(_("批号"), max_length=30, blank=True)
    manufacturer = models.CharField(_("生产企业"), max_length=100, blank=True)
    expires_on = models.DateField(_("有效期至"), null=True, blank=True)
    dose_value = models.DecimalField(
        _("接种剂量"), max_digits=8, decimal_places=3, null=True, blank=True
    )
    dose_unit = models.CharField(_("剂量单位"), max_length=20, blank=True)
    site = models.CharField(_("接种部位"), max_length=10, blank=True)
    route = models.CharField(_("接种途径"), max_length=10, blank=True)
    reaction = models.CharField(_("接种反应"), max_length=200, blank=True)
    given_on = models.DateField(_("接种日期"))
    next_due_on = models.DateField(_("下次接种日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("预防接种")
        constraints = [
            once_per_source("immunization"),
            models.CheckConstraint(
                condition=Q(next_due_on=None) | Q(next_due_on__gt=F("given_on")),
                name="immunization_next_is_later",
            ),
        ]
        indexes = [models.Index(fields=["person", "-happened_at"], name="immunization_person")]

    def __str__(self) -> str:
        if self.dose_number is None:
            return self.name
        return gettext("%(name)s 第%(dose)s剂") % {"name": self.name, "dose": self.dose_number}
