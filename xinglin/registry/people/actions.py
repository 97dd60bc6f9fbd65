"""What people do with the registration of residents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.kernel import bulk, clock, parameters
from xinglin.kernel.access import NONE, Actor
from xinglin.kernel.actions import action, bulk_action
from xinglin.kernel.errors import Conflict, Refused
from xinglin.kernel.ids import new_id
from xinglin.kernel.outbox import publish
from xinglin.registry.people import events, permissions, rules
from xinglin.registry.people.models import CareLink, Identifier, Person, SearchKey, Sex
from xinglin.registry.terminology import catalogue as terminology

ID_CARD = "01"


class KnownPerson(Conflict):
    """Somebody with this number is registered already; `links` leads to them."""

    code = "known-person"


class WrongFact(Refused):
    code = "wrong-fact"


class NotTheKeeper(Refused):
    """One house alone does not make itself, or another, the keeper of a resident's record."""

    code = "not-the-keeper"


@action(permissions.REGISTER)
def register(person: Person, *, by: Actor) -> Person:
    """Make a resident known to the county; a house that meets somebody new keeps their record."""
    check(person)
    if person.managed_by_id and not (
        by.role == "system" or by.reaches(person.managed_by_id, person.county_id)
    ):
        raise NotTheKeeper(
            _("只能登记为由本机构管理；由其他机构管理的请留空，待其建档或由医共体移交。"),
            field="managed_by",
        )
    if person.id_number:
        known = Person.objects.filter(
            county_id=person.county_id,
            id_type=person.id_type,
            id_number=person.id_number,
            voided_at=None,
        ).first()
        if known is not None:
            raise KnownPerson(
                _("该证件号码已登记为“%(name)s”，请直接使用已有档案。") % {"name": known.name},
                field="id_number",
                links=[(known.name, known.get_absolute_url())],
            )
    person.save(force_insert=True)
    _index([person])
    _custody([person], CareLink.Evidence.REGISTRATION)
    if by.org_id != NONE and not person.managed_by_id:
        # Somebody new stands at the desk and has nothing yet that could be read.
        link_care(
            person.pk,
            by.org_id,
            CareLink.Basis.PRESENCE,
            evidence=CareLink.Evidence.REGISTRATION,
            since=clock.now(),
            until=clock.now() + parameters.duration("privacy.presence_hours"),
        )
    publish(events.PersonRegistered(person_id=person.pk, county_id=person.county_id))
    return person


@bulk_action(permissions.REGISTER)
def register_all(people: Sequence[Person], *, by: Actor) -> Sequence[Person]:
    """Make many residents known at once; the caller has checked each with `check`."""
    bulk.create(people)
    _index(people)
    _custody(people, CareLink.Evidence.REGISTRATION)
    return people


@action(permissions.CORRECT)
def correct(person: Person, /, *, by: Actor, **facts: Any) -> Person:
    """Correct what is known of a resident; another keeper needs the keeper's or office's word."""
    keeper = person.managed_by_id
    may_hand_on = permissions.TRANSFER.allows(by, person)
    for name, value in facts.items():
        setattr(person, name, value)
    if person.managed_by_id != keeper and not may_hand_on:
        raise NotTheKeeper(
            _("管理机构须由现管理机构或医共体移交；居民在场时，请在其页面凭授权码或身份证接管。"),
            field="managed_by",
        )
    check(person)
    if person.id_number and (
        Person.objects.exclude(pk=person.pk)
        .filter(
            county_id=person.county_id,
            id_type=person.id_type,
            id_number=person.id_number,
            voided_at=None,
        )
        .exists()
    ):
        raise KnownPerson(_("该证件号码已登记在另一份档案。"), field="id_number")
    person.save()
    SearchKey.objects.filter(person=person).delete()
    _index([person], Identifier.objects.filter(person=person))
    if person.managed_by_id != keeper:
        hand_over(person, keeper, CareLink.Evidence.TRANSFER)
    return person


@action(permissions.VOID)
def void(person: Person, *, by: Actor, reason: str) -> Person:
    """Strike out a registration made in error; the row stays, the number is free again."""
    person.voided_at = clock.now()
    person.void_reason = reason
    person.save()
    SearchKey.objects.filter(person=person).delete()
    return person


@action(permissions.REPORT_DEATH)
def report_death(person: Person, *, by: Actor, died_on: date) -> Person:
    """Record a death; whatever is open for the person hears of it."""
    if died_on > timezone.localdate():
        raise WrongFact(_("死亡日期不能晚于今天。"), field="died_on")
    if person.birth_date and died_on < person.birth_date:
        raise WrongFact(_("死亡日期不能早于出生日期。"), field="died_on")
    person.deceased_on = died_on
    person.save()
    publish(events.PersonDied(person_id=person.pk, county_id=person.county_id, died_on=died_on))
    return person


@action(permissions.IDENTIFY)
def identify(identifier: Identifier, *, by: Actor) -> Identifier:
    """Add a number by which an issuer knows the person."""
    identifier.clean_or_refuse(exclude=["person", "county"])
    known = Identifier.objects.filter(
        county_id=identifier.county_id,
        kind=identifier.kind,
        issuer=identifier.issuer,
        value=identifier.value,
    ).first()
    if known is not None:
        raise KnownPerson(_("该号码已登记。"), field="value")
    identifier.save(force_insert=True)
    _index_keys(identifier.person, {(SearchKey.Kind.NUMBER, rules.asked_key(identifier.value))})
    return identifier


@bulk_action(permissions.IDENTIFY)
def identify_all(identifiers: Sequence[Identifier], *, by: Actor) -> Sequence[Identifier]:
    """Add many numbers at once; the caller knows that none is registered."""
    Identifier.objects.bulk_create(identifiers, batch_size=500)
    SearchKey.objects.bulk_create(
        [
            SearchKey(county_id=i.county_id, person=i.person, kind=SearchKey.Kind.NUMBER, key=key)
            for i in identifiers
            if (key := rules.asked_key(i.value))
        ],
        batch_size=1000,
    )
    return identifiers


def link_care(
    person_id: UUID,
    organisation_id: UUID,
    basis: CareLink.Basis,
    *,
    evidence: CareLink.Evidence,
    since: datetime,
    until: datetime | None = None,
) -> None:
    """Note the act that lets a house read a person's clinical data; within a caller's action.

    A relation that stands already is carried on: it never ends sooner by a new act.
    """
    assert transaction.get_connection().in_atomic_block
    link_care_all(
        {(person_id, organisation_id): until}, basis, evidence=evidence, since=since, now=True
    )


def link_care_all(
    pairs: Mapping[tuple[UUID, UUID], datetime | None],
    basis: CareLink.Basis,
    *,
    evidence: CareLink.Evidence,
    since: datetime,
    now: bool = False,
) -> None:
    """The same for many pairs of person and house, each until its moment (None: open).

    `now`: somebody is here at this moment, so that a relation that had run out begins anew.
    """
    stamp = clock.now()
    names = ("person_id", "organisation_id", "basis", "evidence", "since", "until")
    bulk.insert(
        CareLink,
        ("id", "created_at", "updated_at", *names),
        [
            (new_id(), stamp, stamp, person, house, basis.value, evidence.value, since, until)
            for (person, house), until in pairs.items()
        ],
        ignore_conflicts=True,
    )
    people = sorted({person for person, _house in pairs})
    outlasted: list[CareLink] = []
    for start in range(0, len(people), 500):
        known = CareLink.objects.filter(person_id__in=people[start : start + 500], basis=basis)
        # What has no end cannot be carried on; of the rest, those that the new act outlasts.
        for link in known.exclude(until=None):
            key = (link.person_id, link.organisation_id)
            if key not in pairs:
                continue
            until = pairs[key]
            if until is None or (link.until is not None and until > link.until):
                over = link.until is not None and link.until <= stamp
                link.evidence = evidence
                link.since = since if now and over else link.since
                link.until, link.updated_at = until, stamp
                outlasted.append(link)
    CareLink.objects.bulk_update(
        outlasted, ["evidence", "since", "until", "updated_at"], batch_size=500
    )


def end_care(
    person_id: UUID, organisation_id: UUID, basis: CareLink.Basis, *, until: datetime
) -> None:
    """Let a relation run out at a moment, because the act that carried it is over."""
    assert transaction.get_connection().in_atomic_block
    CareLink.objects.filter(
        person_id=person_id, organisation_id=organisation_id, basis=basis
    ).update(until=until, updated_at=clock.now())


def hand_over(person: Person, former: UUID | None, evidence: CareLink.Evidence) -> None:
    """The record has another keeper: the new one reads, the former until what runs is done."""
    now = clock.now()
    if former is not None:
        end_care(
            person.pk,
            former,
            CareLink.Basis.CUSTODY,
            until=now + parameters.duration("privacy.care_days"),
        )
    _custody([person], evidence)


def number_record(person: Person, number: str) -> None:
    """Let a person be found by the number of the health record; within a caller's action."""
    assert transaction.get_connection().in_atomic_block
    if person.health_record_no == number:
        return
    SearchKey.objects.filter(
        person=person,
        kind=SearchKey.Kind.NUMBER,
        key=rules.search_key(person.health_record_no),
    ).delete()
    person.health_record_no = number
    person.save(update_fields=["health_record_no", "updated_at"])
    _index_keys(person, {(SearchKey.Kind.NUMBER, rules.search_key(number))})


def check(person: Person) -> None:
    """Put the facts in their standard form, or refuse naming the field."""
    person.name = " ".join(person.name.split())
    if not person.name:
        raise WrongFact(_("请填写姓名。"), field="name")
    if person.id_number and person.id_type == ID_CARD:
        person.id_number = rules.check_id_card(person.id_number, field="id_number")
        born, sex = rules.id_card_facts(person.id_number)
        if person.birth_date is None:
            person.birth_date = born
        elif person.birth_date != born:
            raise WrongFact(_("出生日期与身份证号码不一致，请核对。"), field="birth_date")
        if person.sex in (Sex.UNKNOWN, Sex.UNSTATED):
            person.sex = sex
        elif person.sex != sex:
            raise WrongFact(_("性别与身份证号码不一致，请核对。"), field="sex")
    if person.birth_date is not None:
        if person.birth_date > timezone.localdate():
            raise WrongFact(_("出生日期不能晚于今天。"), field="birth_date")
        if person.birth_date.year < 1880:
            raise WrongFact(_("出生日期过早，请核对。"), field="birth_date")
    for field in ("phone", "contact_phone"):
        if getattr(person, field):
            setattr(person, field, rules.check_phone(getattr(person, field), field=field))
    for field, codes in (("payment_type", "payment-type"), ("ethnicity", "ethnicity")):
        if getattr(person, field):
            terminology.require(codes, getattr(person, field), field=field)
    if person.id_type:
        terminology.require("id-type", person.id_type, field="id_type")
    if person.health_record_no and not (
        person.health_record_no.isdigit() and len(person.health_record_no) == 17
    ):
        raise WrongFact(_("居民健康档案编号应为 17 位数字。"), field="health_record_no")
    person.clean_or_refuse(exclude=["county", "managed_by"])


def _custody(people: Iterable[Person], evidence: CareLink.Evidence) -> None:
    link_care_all(
        {(p.pk, p.managed_by_id): None for p in people if p.managed_by_id},
        CareLink.Basis.CUSTODY,
        evidence=evidence,
        since=clock.now(),
    )


def _index(people: Iterable[Person], identifiers: Iterable[Identifier] = ()) -> None:
    numbers: dict[UUID, set[str]] = {}
    for identifier in identifiers:
        numbers.setdefault(identifier.person_id, set()).add(rules.asked_key(identifier.value))
    rows: list[tuple[UUID, UUID, str, str]] = []
    for person in people:
        keys = {
            (SearchKey.Kind.NAME, rules.search_key(person.name)),
            (SearchKey.Kind.PINYIN, rules.pinyin_of(person.name)),
            (SearchKey.Kind.INITIALS, rules.initials_of(person.name)),
            (SearchKey.Kind.NUMBER, rules.search_key(person.phone)),
            *((SearchKey.Kind.NUMBER, key) for key in rules.card_keys(person.id_number)),
            (SearchKey.Kind.NUMBER, rules.search_key(person.health_record_no)),
            *((SearchKey.Kind.NUMBER, number) for number in numbers.get(person.pk, ())),
        }
        rows.extend(
            (person.county_id, person.pk, kind.value, key) for kind, key in sorted(keys) if key
        )
    bulk.insert(SearchKey, ("county_id", "person_id", "kind", "key"), rows)


def _index_keys(person: Person, keys: set[tuple[SearchKey.Kind, str]]) -> None:
    SearchKey.objects.bulk_create(
        [
            SearchKey(county_id=person.county_id, person=person, kind=kind, key=key)
            for kind, key in keys
            if key
        ]
    )
