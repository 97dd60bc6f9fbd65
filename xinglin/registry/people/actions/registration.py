"""What people do with the registration of residents."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.kernel import bulk, clock, parameters
from xinglin.kernel.access import NONE, Actor, system
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
    merged_into,
)
from xinglin.registry.terminology import catalogue as terminology

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


class NoMore(Conflict):
    """The registration was struck out or lives on in another, to which `links` leads."""

    code = "no-more"


class CannotVoid(Conflict):
    code = "cannot-void"


class NotTheKeeper(Refused):
    """One house alone does not make itself, or another, the keeper of a resident's record."""

    code = "not-the-keeper"


@action(permissions.REGISTER)
def register(
    person: Person, *, by: Actor, checked: str = "", numbers: Sequence[Identifier] = ()
) -> Person:
    """Make a resident known to the county; a house that meets somebody new keeps their record.

    Whoever is found to be registered already is refused with the way to them, unless `checked`
    says why this is somebody new; whoever resembles others is registered, and the pair is put
    before the office. `numbers` are those by which other issuers know the person.
    """
    candidates = lookalikes(person, numbers)
    if person.managed_by_id and not (
        by.role == "system" or by.reaches(person.managed_by_id, person.county_id)
    ):
        raise NotTheKeeper(
            _("只能登记为由本机构管理；由其他机构管理的请留空，待其建档或由医共体移交。"),
            field="managed_by",
        )
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
    kinds = rules.CITIZEN if person.id_type in rules.CITIZEN else (person.id_type,)
    bearers = Person.objects.known().exclude(pk=person.pk)
    for known in bearers.filter(
        county_id=person.county_id, id_type__in=kinds, id_number=person.id_number
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
    _custody(people, CareLink.Evidence.REGISTRATION)
    for person, candidates in matching.find_all(people):
        _suspect(person, candidates, MatchReview.Source.IMPORT)
    return people


@action(permissions.CORRECT)
def correct(person: Person, /, *, by: Actor, **facts: Any) -> Person:
    """Correct what is known of a resident; another keeper needs the keeper's or office's word."""
    still_stands(person)
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
    _refuse_known_card(person)
    person.save()
    indexing.renew(person)
    if person.managed_by_id != keeper:
        hand_over(person, keeper, CareLink.Evidence.TRANSFER)
    if any(name in facts for name in IDENTIFYING):
        numbers = list(Identifier.objects.filter(person=person))
        _suspect(person, matching.find(person, numbers), MatchReview.Source.CORRECTION)
    return person


def still_stands(person: Person) -> None:
    """Refuse to write to a registration that was merged or struck out meanwhile."""
    if person.voided_at is None:
        return
    living = person.living
    if living is None:
        raise NoMore(_("这份登记已作废，不能再更改。"))
    raise NoMore(
        _("这份档案已并入“%(name)s”，请在那份档案中更改。") % {"name": living.name},
        links=[(living.name, living.get_absolute_url())],
    )


@action(permissions.VOID)
def void(person: Person, *, by: Actor, reason: str) -> Person:
    """Strike out a registration made in error; the rows stay, its numbers are free again."""
    still_stands(person)
    if merged_into([person.pk]):
        raise CannotVoid(_("另有档案并入这份档案，请先撤销合并，再作废。"))
    person.voided_at = clock.now()
    person.void_reason = reason
    person.save()
    for number in Identifier.objects.filter(person=person, voided_at=None):
        withdraw(number, by=system(person.county_id))
    indexing.forget(person)
    lapse(person)
    return person


@action(permissions.REPORT_DEATH)
def report_death(person: Person, *, by: Actor, died_on: date) -> Person:
    """Record a death; whatever is open for the person hears of it."""
    still_stands(person)
    _check_death(person, died_on)
    person.deceased_on = died_on
    person.save()
    publish(events.PersonDied(person_id=person.pk, county_id=person.county_id, died_on=died_on))
    return person


@action(permissions.IDENTIFY)
def identify(identifier: Identifier, *, by: Actor) -> Identifier:
    """Add a number by which an issuer knows the person."""
    # As it is now, not as the caller read it; and it is not merged before the number is there.
    still_stands(Person.objects.select_for_update(no_key=True).get(pk=identifier.person_id))
    check_identifier(identifier)
    identifier.save(force_insert=True)
    indexing.add_numbers([identifier])
    return identifier


@action(permissions.IDENTIFY)
def withdraw(identifier: Identifier, *, by: Actor) -> Identifier:
    """Strike out a number with the registration that bore it in error."""
    identifier.voided_at = clock.now()
    identifier.save()
    return identifier


def check_identifier(identifier: Identifier) -> None:
    """Put a number in its standard form, or refuse naming the field; also one known already."""
    identifier.issuer = " ".join(identifier.issuer.split())
    if identifier.kind == Identifier.Kind.BIRTH:
        identifier.value = rules.check_birth_certificate(identifier.value, field="value")
    elif identifier.kind in (Identifier.Kind.PASSPORT, Identifier.Kind.DOCUMENT):
        identifier.value = rules.plain_number(identifier.value)
        if not identifier.issuer:
            raise WrongFact(_("请填写该证件的签发国家或机关。"), field="issuer")
    else:
        # Some issuers tell capitals from small letters.
        identifier.value = " ".join(unicodedata.normalize("NFKC", identifier.value).split())
    identifier.clean_or_refuse(exclude=["person", "county"])
    known = (
        Identifier.objects.filter(
            county_id=identifier.county_id,
            kind=identifier.kind,
            issuer=identifier.issuer,
            value=identifier.value,
            voided_at=None,
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
    old = person.health_record_no
    person.health_record_no = number
    person.save(update_fields=["health_record_no", "updated_at"])
    indexing.renumber(person, old, number)


def check(person: Person) -> None:
    """Put the facts in their standard form, or refuse naming the field."""
    person.name = rules.normal_name(person.name)
    _check_mother(person)
    if not person.name:
        raise WrongFact(_("请填写姓名。"), field="name")
    if person.id_number and not person.id_type:
        raise WrongFact(_("请选择证件类别。"), field="id_type")
    if person.id_number and person.id_type not in rules.CITIZEN:
        person.id_number = rules.plain_number(person.id_number)
    elif person.id_number:
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
    if person.deceased_on is not None:
        _check_death(person, person.deceased_on)
    for field in ("phone", "contact_phone"):
        if getattr(person, field):
            setattr(person, field, rules.check_phone(getattr(person, field), field=field))
    for field, codes in (("payment_type", "payment-type"), ("ethnicity", "ethnicity")):
        if getattr(person, field):
            terminology.require(codes, getattr(person, field), field=field)
    if person.id_type:
        terminology.require("id-type", person.id_type, field="id_type")
    person.health_record_no = rules.plain_number(person.health_record_no)
    if person.health_record_no and not re.fullmatch(r"[0-9]{17}", person.health_record_no):
        raise WrongFact(_("居民健康档案编号应为 17 位数字。"), field="health_record_no")
    person.clean_or_refuse(exclude=["county", "managed_by"])


def _check_death(person: Person, died_on: date) -> None:
    if died_on > timezone.localdate():
        raise WrongFact(_("死亡日期不能晚于今天。"), field="died_on")
    if person.birth_date and died_on < person.birth_date:
        raise WrongFact(_("死亡日期不能早于出生日期。"), field="died_on")


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


def _custody(people: Iterable[Person], evidence: CareLink.Evidence) -> None:
    link_care_all(
        {(p.pk, p.managed_by_id): None for p in people if p.managed_by_id},
        CareLink.Basis.CUSTODY,
        evidence=evidence,
        since=clock.now(),
    )
