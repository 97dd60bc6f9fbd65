"""The 178 houses and some 240 people who work in them."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from bench.county import House, Houses
from bench.load import PASSWORD


def establish() -> tuple[Houses, dict[str, str]]:
    """Houses, staff and accounts, through the product's own actions."""
    from django.db import transaction
    from django.utils import timezone

    from xinglin.kernel.access import system
    from xinglin.registry.organisations import actions as houses
    from xinglin.registry.organisations.models import Level, Organisation
    from xinglin.registry.staff import actions as staff
    from xinglin.registry.staff.models import Post, Practitioner

    serial = itertools.count(1)
    by = system()

    def house(parent: Organisation | None, level: str, name: str, **facts: Any) -> Organisation:
        code = f"B{next(serial):05d}"
        return houses.establish(
            Organisation(parent=parent, level=level, name=name, code=code, **facts), by=by
        )

    def hire(where: Organisation, role: str, name: str, username: str = "") -> str:
        number = next(serial)
        person = staff.employ(
            Practitioner(county_id=where.region_id, code=f"S{number:05d}", name=name), by=by
        )
        since = timezone.localdate() - timedelta(days=365)
        staff.appoint(Post(practitioner=person, organisation=where, role=role, since=since), by=by)
        username = username or f"s{number:05d}"
        staff.give_account(person, by=by, username=username, password=PASSWORD)
        return username

    with transaction.atomic():
        region = house(None, Level.REGION, "青山县")
        by = system(region.pk)
        office = house(region, Level.CONSORTIUM, "青山县医共体")
        hospitals = [
            house(office, Level.COUNTY, name, leads=leads)
            for name, leads in (
                ("青山县人民医院", True),
                ("青山县中医院", False),
                ("青山县妇幼保健院", False),
            )
        ]
        townships = [
            house(hospitals[0], Level.TOWNSHIP, f"{sign}溪镇卫生院")
            for sign in "青柳桃杏松竹梅兰荷桂枫桐槐榆"
        ]
        villages = [
            (house(township, Level.VILLAGE, f"{township.name[0]}{sign}村卫生室"), township)
            for place, township in enumerate(townships)
            for sign in "一二三四五六七八九十上中"[: 12 if place < 2 else 11]
        ]
        for name in ("百草堂药店", "济生药店"):
            house(region, Level.PHARMACY, name)
        city = house(region, Level.CITY, "省立医院", outside=True)
        users = {
            "desk": hire(hospitals[0], "desk", "李护士", "desk"),
            "township": hire(townships[0], "township-doctor", "王医生", "township"),
            "village": hire(villages[0][0], "village-doctor", "赵村医", "village"),
            "manager": hire(office, "manager", "孙主管", "manager"),
            "admin": hire(region, "admin", "管理员", "admin"),
        }
        for hospital in hospitals:
            hire(hospital, "leader", "周院长")
            for name in ("陈主任", "林主任", "何医生", "郭医生"):
                hire(hospital, "specialist", name)
        for township in townships:
            hire(township, "leader", "吴院长")
            hire(township, "township-doctor", "刘医生")
        for village, _township in villages[1:]:
            hire(village, "village-doctor", "钱村医")

    def told(each: Organisation) -> House:
        return House(each.pk, each.level, each.name)

    return (
        Houses(
            region=told(region),
            office=told(office),
            hospitals=[told(each) for each in hospitals],
            townships=[told(each) for each in townships],
            villages=[(told(village), told(township)) for village, township in villages],
            city=told(city),
        ),
        users,
    )
