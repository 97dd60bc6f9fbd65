"""The insurer's filing of a referral out of the county (转诊备案)."""

from __future__ import annotations

import re
from datetime import date

from django.utils.translation import gettext as _

from xinglin.clinical.record.rules import not_in_future
from xinglin.clinical.referral import permissions
from xinglin.clinical.referral.models import Direction, Referral, State
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused, WrongState

NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z/_-]*")


@action(permissions.FILE_INSURANCE)
def file_insurance(referral: Referral, *, by: Actor, number: str, on: date) -> Referral:
    """Note under which number the insurer has filed a referral out of the county, and when."""
    if referral.direction != Direction.OUT:
        raise WrongState(_("只有转往县外的转诊需要登记转诊备案。"))
    if referral.state in (State.DRAFT, State.CANCELLED):
        raise WrongState(_("草稿和已取消的转诊不登记备案。"))
    told = "".join(number.split())
    if not NUMBER.fullmatch(told):
        raise Refused(_("转诊备案号只能由字母、数字和连字符组成，请核对。"), field="filing_number")
    not_in_future(on, "filed_on", _("备案日期"))
    referral.filing_number = told
    referral.filed_on = on
    referral.filed_by = by.name
    referral.clean_or_refuse(exclude=["owner"])
    referral.save()
    return referral
