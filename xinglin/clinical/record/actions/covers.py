"""The cover of a health record: its number issued, the record closed."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Length
from django.utils.translation import gettext as _

from xinglin.clinical.record import permissions, rules
from xinglin.clinical.record.actions.checking import check
from xinglin.clinical.record.models import HealthCover, RecordSerial
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Conflict, Refused, WrongState
from xinglin.registry.people.actions import number_record
from xinglin.registry.people.models import Person, SearchKey

LAST = 99999


class KnownCover(Conflict):
    code = "known-cover"


@action(permissions.WRITE)
def open_cover(cover: HealthCover, *, by: Actor, committee: str = "") -> HealthCover:
    """Begin a resident's health record.

    Without a number of its own it gets the person's, or the next one of the committee (the
    first twelve digits: county, township, village or neighbourhood).
    """
    return _open(cover, by, committee)


@action(permissions.IMPORT)
def take_in_cover(cover: HealthCover, *, by: Actor) -> HealthCover:
    """Store a health record that another system keeps, under its number there."""
    return _open(cover, by, "")


def _open(cover: HealthCover, by: Actor, committee: str) -> HealthCover:
    person = Person.objects.select_for_update().get(pk=cover.person_id)
    if HealthCover.objects.of(person).standing().exists():
        raise KnownCover(_("该居民已建立健康档案，请更正而不是重建。"))
    cover.number = cover.number or person.health_record_no
    if not cover.number:
        if not committee:
            raise Refused(
                _("请填写健康档案编号，或村（居）委会代码（12 位）由系统编号。"),
                field="committee",
            )
        committee = rules.check_committee(committee)
        cover.number = _issue(committee, person)
    check(cover)
    check_number(cover)
    cover.author = cover.author or by.name
    cover.save(force_insert=True)
    number_record(person, cover.number)
    return cover


@action(permissions.WRITE)
def close_cover(cover: HealthCover, *, by: Actor, on: date, reason: str) -> HealthCover:
    """End a health record (终止): the resident died, moved away or cannot be found. It is kept."""
    if cover.voided_at is not None:
        raise WrongState(_("该健康档案已作废。"))
    if cover.closed_on is not None:
        raise WrongState(_("该健康档案已终止。"))
    cover.closed_on = on
    cover.close_reason = reason
    check(cover)
    cover.save()
    return cover


@action(permissions.WRITE)
def reopen_cover(cover: HealthCover, *, by: Actor) -> HealthCover:
    """Go on with a closed health record: the resident came back."""
    if cover.voided_at is not None:
        raise WrongState(_("该健康档案已作废。"))
    if cover.closed_on is None:
        raise WrongState(_("该健康档案没有终止。"))
    cover.closed_on, cover.close_reason = None, ""
    cover.save()
    return cover


def check_number(cover: HealthCover) -> None:
    """Refuse a number that is another resident's; one that is free is not given out again."""
    cover.number = rules.check_record_number(cover.number)
    others = HealthCover.objects.standing().filter(number=cover.number)
    owner = Person.objects.filter(
        county_id=cover.person.county_id,
        voided_at=None,
        pk__in=SearchKey.objects.filter(county_id=cover.person.county_id, key=cover.number).values(
            "person_id"
        ),
    ).exclude(pk=cover.person_id)
    if others.exists() or owner.filter(health_record_no=cover.number).exists():
        raise KnownCover(_("该健康档案编号已属于另一位居民。"), field="number")
    _remember(cover.number)


def _issue(committee: str, person: Person) -> str:
    """The next number of a committee; never one that was given before."""
    assert transaction.get_connection().in_atomic_block
    RecordSerial.objects.get_or_create(committee=committee)
    book = RecordSerial.objects.select_for_update().get(committee=committee)
    known = (
        SearchKey.objects.filter(county_id=person.county_id, key__prefix=committee)
        .annotate(long=Length("key"))
        .filter(long=17)
        .aggregate(last=Max("key"))["last"]
    )
    book.last = max(book.last, int(known[12:]) if known else 0) + 1
    if book.last > LAST:
        raise Refused(_("该村（居）委会的序号已用完。"), field="committee")
    book.save()
    return f"{committee}{book.last:05d}"


def _remember(number: str) -> None:
    """A number that came from elsewhere is not given again either."""
    RecordSerial.objects.get_or_create(committee=number[:12])
    book = RecordSerial.objects.select_for_update().get(committee=number[:12])
    if int(number[12:]) > book.last:
        book.last = int(number[12:])
        book.save()
