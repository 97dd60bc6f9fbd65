"""What people do with the registration of residents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.kernel import bulk, clock, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action, bulk_action
from xinglin.kernel.errors import Conflict, Refused
from xinglin.kernel.ids import new_id
from xinglin.kernel.outbox import publish
from xinglin.registry.people import events, matching, permissions, rules
from xinglin.registry.people.actions import indexing
from xinglin.registry.people.actions.reviewing import lapse, suspect
from xinglin.registry.people.matching import Candidate, Verdict
from xinglin.registry.people.models import (
    CareLink,
    Identifier,
    MatchReview,
    Person,
    Sex,
)
from xinglin.registry.terminology import catalogue as terminology

ID_CARD = "01"
# What a correction may change that makes somebody resemble others.
IDENTIFYING = ("name", "birth_date", "id_type", "id_number", "phone", "village", "sex")


class KnownPerson(Conflict):
    """This person is registered already, or very likely so; `links` leads to them.

    `candidates` are those whom the registration resembles; empty where a number alone decides.
    """

    code = "known-person"

    def __init__(self, *args: Any, candidates: Sequence[Candidate] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self.candidates = list(candidates)


class WrongFact(Refused):
    code = "wrong-fact"


@action(permissions.REGISTER)
def register(
    person: Person, *, by: Actor, checked: str = "", numbers: Sequence[Identifier] = ()
) -> Person:
    """Make a resident known to the county.

    Whoever is found to be registered already is refused with the way to them, unless `checked`
    says why this is somebody new; whoever resembles others is registered, and the pair is put
    before the office. `numbers` are those by which other issuers know the person.
    """
    candidates = lookalikes(person, numbers)
    same = [candidate for candidate in candidates if candidate.verdict is Verdict.SAME]
    if same and not checked.strip():
        raise KnownPerson(
            _("%(names)s很可能就是要登记的人，请核对后使用已有档案；确为另一人的，请写明理由。")
            % {"names": _("、").join(dict.fromkeys(each.person.name for each in same))},
            field="checked",
            links=[(each.person.name, each.person.get_absolute_url()) for each in same],
            candidates=candidates,
        )
    person.save(force_insert=True)
    indexing.add([person])
    for number in numbers:
        identify(number, by=by)
    _custody([person])
    _suspect(person, candidates, MatchReview.Source.REGISTRATION, checked)
    publish(events.PersonRegistered(person_id=person.pk, county_id=person.county_id))
    return person


def lookalikes(person: Person, numbers: Sequence[Identifier] = ()) -> list[Candidate]:
    """The registered whom somebody resembles who is not registered yet; nothing is written."""
    check(person)
    _refuse_known_card(person)
    for number in numbers:
        number.person, number.county_id = person, person.county_id
        check_identifier(number)
    return matching.find(person, numbers)


def _refuse_known_card(person: Person) -> None:
    if not person.id_number:
        return
    bearers = Person.objects.known().exclude(pk=person.pk)
    for known in bearers.filter(
        county_id=person.county_id, id_type=person.id_type, id_number=person.id_number
    ).select_related("replaced_by"):
        living = known.living
        if living is not None and living.pk != person.pk:
            raise KnownPerson(
                _("该证件号码已登记为“%(name)s”，请直接使用已有档案。") % {"name": living.name},
                field="id_number",
                links=[(living.name, living.get_absolute_url())],
            )


def _suspect(
    person: Person, candidates: Iterable[Candidate], source: MatchReview.Source, note: str = ""
) -> None:
    """Put whom a person resembles before the office; within a caller's action."""
    for candidate in candidates:
        suspect(person, candidate.person, candidate.score.weight, source=source, note=note)


@bulk_action(permissions.REGISTER)
def register_all(people: Sequence[Person], *, by: Actor) -> Sequence[Person]:
    """Make many residents known at once; the caller has checked each with `check`.

    Whoever resembles somebody registered, or another of the many, is put before the office.
    """
    bulk.create(people)
    indexing.add(people)
    _custody(people)
    for person, candidates in matching.find_all(people):
        _suspect(person, candidates, MatchReview.Source.IMPORT)
    return people


@action(permissions.CORRECT)
def correct(person: Person, /, *, by: Actor, **facts: Any) -> Person:
    """Correct what is known of a resident."""
    for name, value in facts.items():
        setattr(person, name, value)
    check(person)
    _refuse_known_card(person)
    person.save()
    indexing.renew(person)
    _custody([person])
    if any(name in facts for name in IDENTIFYING):
        numbers = list(Identifier.objects.filter(person=person))
        _suspect(person, matching.find(person, numbers), MatchReview.Source.CORRECTION)
    return person


@action(permissions.VOID)
def void(person: Person, *, by: Actor, reason: str) -> Person:
    """Strike out a registration made in error; the row stays, the number is free again."""
    person.voided_at = clock.now()
    person.void_reason = reason
    person.save()
    indexing.forget(person)
    lapse(person)
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
    check_identifier(identifier)
    identifier.save(force_insert=True)
    indexing.add_numbers([identifier])
    return identifier


def check_identifier(identifier: Identifier) -> None:
    """Put a number in its standard form, or refuse naming the field; also one known already."""
    if identifier.kind == Identifier.Kind.BIRTH:
        identifier.value = rules.check_birth_certificate(identifier.value, field="value")
    elif identifier.kind in (Identifier.Kind.PASSPORT, Identifier.Kind.DOCUMENT):
        identifier.value = "".join(identifier.value.split()).upper()
        if not identifier.issuer.strip():
            raise WrongFact(_("请填写该证件的签发国家或机关。"), field="issuer")
    identifier.clean_or_refuse(exclude=["person", "county"])
    known = (
        Identifier.objects.filter(
            county_id=identifier.county_id,
            kind=identifier.kind,
            issuer=identifier.issuer,
            value=identifier.value,
        )
        .select_related("person__replaced_by")
        .first()
    )
    if known is not None:
        bearer = known.person.living
        raise KnownPerson(
            _("该号码已登记。"),
            field="value",
            links=[(bearer.name, bearer.get_absolute_url())] if bearer else [],
        )


@bulk_action(permissions.IDENTIFY)
def identify_all(identifiers: Sequence[Identifier], *, by: Actor) -> Sequence[Identifier]:
    """Add many numbers at once; the caller knows that none is registered."""
    Identifier.objects.bulk_create(identifiers, batch_size=500)
    indexing.add_numbers(identifiers)
    return identifiers


def link_care(
    person_id: UUID, organisation_id: UUID, basis: CareLink.Basis, *, since: datetime
) -> None:
    """Note the act that lets a house read a person's clinical data; within a caller's action."""
    assert transaction.get_connection().in_atomic_block
    CareLink.objects.bulk_create(
        [CareLink(person_id=person_id, organisation_id=organisation_id, basis=basis, since=since)],
        ignore_conflicts=True,
    )


def link_care_all(
    pairs: Iterable[tuple[UUID, UUID]], basis: CareLink.Basis, *, since: datetime
) -> None:
    """The same for many pairs of person and house."""
    now = clock.now()
    bulk.insert(
        CareLink,
        ("id", "created_at", "updated_at", "person_id", "organisation_id", "basis", "since"),
        [(new_id(), now, now, person, house, basis.value, since) for person, house in set(pairs)],
        ignore_conflicts=True,
    )


def number_record(person: Person, number: str) -> None:
    """Let a person be found by the number of the health record; within a caller's action."""
    assert transaction.get_connection().in_atomic_block
    if person.health_record_no == number:
        return
    person.health_record_no = number
    person.save(update_fields=["health_record_no", "updated_at"])
    indexing.renew(person)


def check(person: Person) -> None:
    """Put the facts in their standard form, or refuse naming the field."""
    person.name = " ".join(person.name.split())
    _check_mother(person)
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


def _check_mother(person: Person) -> None:
    """A child of a known mother may come without a name: 张丽之子."""
    mother = person.mother
    if mother is None:
        return
    if mother.pk == person.pk or mother.county_id != person.county_id:
        raise WrongFact(_("请从本县居民中选择母亲。"), field="mother")
    if mother.sex == Sex.MALE:
        raise WrongFact(_("所选母亲登记为男性，请核对。"), field="mother")
    if person.birth_date is None and not person.id_number:
        raise WrongFact(_("请填写出生日期。"), field="birth_date")
    if person.birth_date and mother.birth_date:
        years = mother.age_years(person.birth_date)
        if years is not None and years < parameters.get("people.mother.min_years"):
            raise WrongFact(_("母亲的出生日期与孩子相差太近，请核对。"), field="mother")
    if not person.name:
        person.name = rules.newborn_name(mother.name, person.sex, person.birth_order)


def _custody(people: Iterable[Person]) -> None:
    link_care_all(
        [(p.pk, p.managed_by_id) for p in people if p.managed_by_id],
        CareLink.Basis.CUSTODY,
        since=clock.now(),
    )
