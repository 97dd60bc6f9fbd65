"""What people do with houses and departments."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Conflict, Refused, WrongState
from xinglin.registry.organisations import catalogue, permissions
from xinglin.registry.organisations.models import (
    CARE_LEVELS,
    Capability,
    Department,
    Level,
    Organisation,
    TravelTime,
    travel,
    tree,
)
from xinglin.registry.organisations.rules import check_credit_code

# What may stand under what; the tree of a county as the ministry's papers draw it.
UNDER: dict[str, tuple[str, ...]] = {
    Level.CONSORTIUM: (Level.REGION,),
    Level.COUNTY: (Level.CONSORTIUM, Level.REGION),
    Level.TOWNSHIP: (Level.COUNTY, Level.CONSORTIUM, Level.REGION),
    Level.VILLAGE: (Level.TOWNSHIP,),
    Level.PHARMACY: (Level.REGION, Level.CONSORTIUM, Level.TOWNSHIP, Level.COUNTY),
    Level.CITY: (Level.REGION, Level.CONSORTIUM),
    Level.OFFICE: (Level.REGION, Level.CONSORTIUM, Level.COUNTY),
}


class WrongPlace(Refused):
    code = "wrong-place"


class KnownHouse(Conflict):
    code = "known-organisation"


class HasHousesBelow(Refused):
    code = "has-houses-below"


class WrongPosition(Refused):
    code = "wrong-position"


class WrongWay(Refused):
    code = "wrong-way"


@action(permissions.MAINTAIN)
def establish(organisation: Organisation, *, by: Actor) -> Organisation:
    """Enter a house into the tree of its county."""
    _place(organisation)
    _check(organisation)
    organisation.save(force_insert=True)
    tree.forget()
    return organisation


@action(permissions.MAINTAIN)
def change(organisation: Organisation, /, *, by: Actor, **facts: Any) -> Organisation:
    """Correct what is known of a house."""
    for name, value in facts.items():
        setattr(organisation, name, value)
    _check(organisation)
    organisation.save()
    tree.forget()
    return organisation


@action(permissions.MAINTAIN)
def close(organisation: Organisation, *, by: Actor, on: date) -> Organisation:
    """Note that a house no longer works; its records stay."""
    if organisation.closed_on is not None:
        raise WrongState(_("该机构已停办。"))
    if on > timezone.localdate():
        raise Refused(_("停办日期不能晚于今天。"), field="on")
    below = Organisation.objects.below(organisation).standing().exclude(pk=organisation.pk)
    if below.exists():
        raise HasHousesBelow(
            _("其下还有 %(count)d 家机构未停办，请先处理。") % {"count": below.count()}, field="on"
        )
    organisation.closed_on = on
    organisation.save()
    tree.forget()
    return organisation


@action(permissions.MAINTAIN_DEPARTMENT)
def open_department(department: Department, *, by: Actor) -> Department:
    """Enter a department of a house."""
    if department.organisation.closed_on is not None:
        raise WrongState(_("该机构已停办，不能再设科室。"))
    department.clean_or_refuse(exclude=["organisation"])
    if Department.objects.filter(
        organisation=department.organisation, code=department.code
    ).exists():
        raise KnownHouse(_("科室代码 %(code)s 已存在。") % {"code": department.code}, field="code")
    department.save(force_insert=True)
    return department


@action(permissions.MAINTAIN_TRAVEL)
def time_travel(way: TravelTime, *, by: Actor) -> TravelTime:
    """Enter how long the way between two houses takes, in the place of what was entered before."""
    if way.from_org_id == way.to_org_id:
        raise WrongWay(_("出发机构和到达机构不能是同一家。"), field="to_org")
    if way.from_org.region_id != way.to_org.region_id:
        raise WrongWay(_("两家机构须在同一县的机构目录中。"), field="to_org")
    if not 1 <= way.minutes <= 1440:
        raise WrongWay(_("路程须在 1 到 1440 分钟之间。"), field="minutes")
    way.county_id = way.from_org.region_id
    way.clean_or_refuse(exclude=["county", "from_org", "to_org"])
    known = TravelTime.objects.filter(from_org=way.from_org, to_org=way.to_org).first()
    if known is not None:
        known.minutes, known.note = way.minutes, way.note
        way = known
    way.save()
    travel.forget()
    return way


@action(permissions.MAINTAIN_CAPABILITY)
def declare(capability: Capability, *, by: Actor) -> Capability:
    """Say that a house has, or has not, what its level would not tell."""
    house = capability.organisation
    if house.closed_on is not None:
        raise WrongState(_("该机构已停办。"))
    if house.level not in CARE_LEVELS:
        raise Refused(_("该机构不是诊疗机构，不登记服务能力。"), field="organisation")
    _check_capability(capability)
    capability.save(force_insert=True)
    return capability


@action(permissions.MAINTAIN_CAPABILITY)
def end_capability(capability: Capability, *, by: Actor, on: date) -> Capability:
    """Note the last day on which what was said of a house holds."""
    if capability.until is not None:
        raise WrongState(_("该项服务能力已终止。"))
    if on < capability.since:
        raise Refused(_("终止日期不能早于起始日期。"), field="on")
    capability.until = on
    capability.save()
    return capability


def _check_capability(capability: Capability) -> None:
    if capability.kind == Capability.Kind.DISEASE:
        capability.code = capability.code.strip().upper()
        if not re.fullmatch(r"[A-Z][0-9]{2}(\.[0-9]{1,3})?", capability.code):
            raise Refused(_("请填写 ICD-10 编码，如 J18.9。"), field="code")
    else:
        known = catalogue.abilities().get(capability.code)
        if known is None or known.kind != capability.kind:
            raise Refused(
                _("目录中没有“%(code)s”这一项，请从列表中选择。") % {"code": capability.code[:30]},
                field="code",
            )
        capability.name = known.zh
    capability.clean_or_refuse(exclude=["organisation"])
    if capability.until is not None and capability.until < capability.since:
        raise Refused(_("终止日期不能早于起始日期。"), field="until")
    standing = Capability.objects.filter(
        organisation=capability.organisation, kind=capability.kind, code=capability.code
    )
    if standing.filter(Q(until=None) | Q(until__gte=capability.since)).exists():
        raise KnownHouse(
            _("%(name)s 已登记，请先终止原来的一条。") % {"name": capability.label}, field="code"
        )


def _check(organisation: Organisation) -> None:
    _position(organisation)
    if organisation.credit_code:
        organisation.credit_code = check_credit_code(organisation.credit_code)
    if organisation.org_class and organisation.org_class not in catalogue.classes():
        raise Refused(
            _("WS 218 中没有机构类别“%(code)s”。") % {"code": organisation.org_class},
            field="org_class",
        )
    organisation.clean_or_refuse(exclude=["parent", "county", "path"])
    others = Organisation.objects.exclude(pk=organisation.pk).filter(
        county_id=organisation.county_id
    )
    if others.filter(code=organisation.code).exists():
        raise KnownHouse(
            _("机构代码 %(code)s 已存在。") % {"code": organisation.code}, field="code"
        )
    if organisation.credit_code and others.filter(credit_code=organisation.credit_code).exists():
        raise KnownHouse(
            _("统一社会信用代码 %(code)s 已登记在另一机构。") % {"code": organisation.credit_code},
            field="credit_code",
        )


def _position(organisation: Organisation) -> None:
    """Both degrees or neither, on the earth; and not the two of them confused."""
    north, east = organisation.latitude, organisation.longitude
    if (north is None) != (east is None):
        missing = "latitude" if north is None else "longitude"
        raise WrongPosition(_("经度和纬度须一起填写。"), field=missing)
    if north is None or east is None:
        return
    if abs(north) > 90:
        raise WrongPosition(_("纬度须在 -90 到 90 之间；是否与经度填反了？"), field="latitude")
    if abs(east) > 180:
        raise WrongPosition(_("经度须在 -180 到 180 之间。"), field="longitude")


def _place(organisation: Organisation) -> None:
    parent = organisation.parent
    if parent is None:
        if organisation.level != Level.REGION:
            raise WrongPlace(_("除县（市、区）外，机构都须指明上级机构。"), field="parent")
        above, length = "", 1
    else:
        if parent.level not in UNDER.get(organisation.level, ()):
            raise WrongPlace(
                _("“%(level)s”不能设在“%(parent)s”之下。")
                % {"level": organisation.get_level_display(), "parent": parent},
                field="parent",
            )
        organisation.county_id = parent.region_id
        above, length = parent.path, len(parent.path) // 5 + 1
    last = (
        Organisation.objects.filter(parent=parent)
        .filter(path__prefix=above)
        .aggregate(last=Max("path"))["last"]
    )
    number = int(last[5 * (length - 1) : 5 * length - 1]) + 1 if last else 1
    organisation.path = f"{above}{number:04d}/"
