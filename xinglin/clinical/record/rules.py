"""What a value may be before it is believed. Pure: no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, gettext_noop
from django.utils.translation import gettext as _

from xinglin.kernel import parameters
from xinglin.kernel.errors import Refused


class ImpossibleValue(Refused):
    code = "impossible-value"


class InTheFuture(Refused):
    code = "in-the-future"


@dataclass(frozen=True)
class VitalSign:
    """One vital sign: LOINC code, name, UCUM unit; `field` names the parameters of its range."""

    field: str
    loinc: str
    zh: str
    unit: str

    @property
    def label(self) -> str:
        return gettext(self.zh)


# LOINC codes of the vital-signs profile of FHIR R4.
VITAL_SIGNS = (
    VitalSign("systolic", "8480-6", gettext_noop("收缩压"), "mmHg"),
    VitalSign("diastolic", "8462-4", gettext_noop("舒张压"), "mmHg"),
    VitalSign("pulse", "8867-4", gettext_noop("脉搏"), "/min"),
    VitalSign("respiration", "9279-1", gettext_noop("呼吸"), "/min"),
    VitalSign("temperature", "8310-5", gettext_noop("体温"), "Cel"),
    VitalSign("spo2", "59408-5", gettext_noop("血氧饱和度"), "%"),
    VitalSign("height", "8302-2", gettext_noop("身高"), "cm"),
    VitalSign("weight", "29463-7", gettext_noop("体重"), "kg"),
    VitalSign("glucose", "15074-8", gettext_noop("血糖"), "mmol/L"),
)
VITAL_BY_FIELD = {sign.field: sign for sign in VITAL_SIGNS}
# UCUM units as they are said on a ward.
SAID = {"Cel": "℃", "/min": gettext_lazy("次/分")}
VITAL_BY_LOINC = {sign.loinc: sign for sign in VITAL_SIGNS}

# Clocks of two machines differ a little; a fact a few minutes ahead is not a lie.
SLACK = timedelta(minutes=5)


def said_unit(unit: str) -> str:
    """A unit as people write it; one that is not UCUM's is left as it came."""
    return str(SAID.get(unit, unit))


def check_vital(sign: VitalSign, value: Decimal) -> Decimal:
    """The value if a living body can have it, else a sentence with the range."""
    low = Decimal(str(parameters.get(f"vitals.{sign.field}.min")))
    high = Decimal(str(parameters.get(f"vitals.{sign.field}.max")))
    if not low <= value <= high:
        raise ImpossibleValue(
            _("%(name)s %(value)s %(unit)s 不在可能的范围（%(low)s～%(high)s），请核对。")
            % {
                "name": sign.label,
                "value": value,
                "unit": said_unit(sign.unit),
                "low": low,
                "high": high,
            },
            field=sign.field,
        )
    return value


def not_in_future(value: date | datetime | None, field: str, label: Any) -> None:
    """Refuse a fact that has not happened yet."""
    if value is None:
        return
    ahead = (
        value > timezone.now() + SLACK
        if isinstance(value, datetime)
        else value > timezone.localdate()
    )
    if ahead:
        raise InTheFuture(_("%(label)s不能晚于现在。") % {"label": label}, field=field)
