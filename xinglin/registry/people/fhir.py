"""Residents as FHIR R4 Patient. Pure mapping: no queries, no writes.

`from_fhir` believes nothing: it refuses with a sentence that names the path. What it returns is
not yet checked by the rules of registration; `people.actions.check` does that.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q
from django.utils.translation import gettext as _

from xinglin.kernel.access import Actor
from xinglin.kernel.resources import Resource, concept, instant, reference, slim
from xinglin.kernel.searching import NOTHING, Asking, Offer, Pointer, Token, Words, codes, day
from xinglin.registry.people import permissions, rules
from xinglin.registry.people.models import Identifier, Person, SearchKey, Sex

ID_CARD = "urn:oid:2.16.156.10011.1.3"
HEALTH_RECORD = "urn:oid:2.16.156.10011.1.2"
HEALTH_CARD = "urn:oid:2.16.156.10011.1.19"
ID_TYPE = "urn:oid:2.16.156.10011.2.3.1.1"
SOURCE = "urn:xinglin:source"
INSURANCE = "urn:xinglin:insurance-no"
ETHNICITY = "urn:xinglin:ethnicity"
PAYMENT = "urn:xinglin:payment-type"
BIRTH_CERTIFICATE = "urn:xinglin:birth-certificate-no"
PASSPORT = "urn:xinglin:passport"
DOCUMENT = "urn:xinglin:document"
MOTHER = "urn:xinglin:mother"

GENDER = {Sex.MALE: "male", Sex.FEMALE: "female", Sex.UNKNOWN: "unknown", Sex.UNSTATED: "other"}
SEX = {"male": Sex.MALE, "female": Sex.FEMALE, "unknown": Sex.UNKNOWN, "other": Sex.UNSTATED}
KINDS = {
    HEALTH_CARD: Identifier.Kind.HEALTH_CARD,
    INSURANCE: Identifier.Kind.INSURANCE,
    BIRTH_CERTIFICATE: Identifier.Kind.BIRTH,
}
# Known by their issuer, who stands behind the system: urn:xinglin:passport:中国.
ISSUED = {PASSPORT: Identifier.Kind.PASSPORT, DOCUMENT: Identifier.Kind.DOCUMENT}


def to_fhir(
    person: Person, identifiers: Iterable[Identifier] = (), replaces: Iterable[Person] = ()
) -> dict[str, Any]:
    """The Patient resource of a resident, with the further numbers given.

    A merged registration is not active and names the one it lives on in; `replaces` are those
    that live on in this one.
    """
    surname, given = rules.split_name(person.name)
    found: dict[str, Any] = slim(
        {
            "resourceType": "Patient",
            "id": str(person.pk),
            "meta": {"lastUpdated": instant(person.updated_at)},
            "extension": [
                {"url": url, "valueCode": code}
                for url, code in ((ETHNICITY, person.ethnicity), (PAYMENT, person.payment_type))
                if code
            ]
            + (
                [{"url": MOTHER, "valueReference": _patient(person.mother_id)}]
                if person.mother_id
                else []
            ),
            "identifier": [*_own_numbers(person), *map(_number, identifiers)],
            "name": [{"use": "official", "text": person.name, "family": surname, "given": [given]}],
            "telecom": [{"system": "phone", "value": person.phone}] if person.phone else [],
            "gender": GENDER[Sex(person.sex)],
            "birthDate": person.birth_date.isoformat() if person.birth_date else "",
            "deceasedDateTime": person.deceased_on.isoformat() if person.deceased_on else "",
            "address": [_address(person)] if person.address else [],
            "contact": [_contact(person)] if person.contact_name or person.contact_phone else [],
            "multipleBirthInteger": person.birth_order,
            "managingOrganization": reference("Organization", person.managed_by_id),
            "link": _links(person, replaces),
        }
    )
    found["active"] = person.voided_at is None
    return found


def _patient(pk: UUID | None) -> dict[str, Any]:
    return reference("Patient", pk) or {}


def _links(person: Person, replaces: Iterable[Person]) -> list[dict[str, Any]]:
    links = [{"other": _patient(each.pk), "type": "replaces"} for each in replaces]
    if person.replaced_by_id is not None:
        links.append({"other": _patient(person.replaced_by_id), "type": "replaced-by"})
    return links


def _own_numbers(person: Person) -> list[dict[str, Any]]:
    numbers: list[dict[str, Any]] = []
    if person.id_number:
        kind = concept(ID_TYPE, person.id_type)
        system = ID_CARD if person.id_type == "01" else f"{ID_TYPE}.{person.id_type.lstrip('0')}"
        numbers.append(
            {"use": "official", "type": kind, "system": system, "value": person.id_number}
        )
    if person.health_record_no:
        numbers.append({"system": HEALTH_RECORD, "value": person.health_record_no})
    return numbers


def _number(identifier: Identifier) -> dict[str, Any]:
    kind = Identifier.Kind(identifier.kind)
    for system, issued in ISSUED.items():
        if kind is issued:
            return {"system": f"{system}:{identifier.issuer}", "value": identifier.value}
    systems = {kind: system for system, kind in KINDS.items()}
    return {"system": identifier.issuer or systems.get(kind, ""), "value": identifier.value}


def _address(person: Person) -> dict[str, Any]:
    return {
        "use": "home",
        "text": person.address,
        "line": [person.township, person.village, person.address_detail],
        "district": person.district,
        "city": person.city,
        "state": person.province,
        "country": "CN",
    }


def _contact(person: Person) -> dict[str, Any]:
    return {
        "name": {"text": person.contact_name},
        "telecom": [{"system": "phone", "value": person.contact_phone}]
        if person.contact_phone
        else [],
    }


@dataclass
class Incoming:
    """A resident as another system tells them: not stored, references not resolved."""

    person: Person
    identifiers: list[Identifier] = field(default_factory=list)
    managing: str = ""
    mother: str = ""


def from_fhir(sent: dict[str, Any], *, county_id: UUID, issuer: str = "") -> Incoming:
    """The resident of a Patient resource; `issuer` stands for numbers that name no system."""
    patient = Resource(sent)
    gender = patient.text("gender")
    if gender and gender not in SEX:
        patient.refuse("gender", _("应为 %(codes)s 之一。") % {"codes": _("、").join(SEX)})
    person = Person(
        county_id=county_id,
        name=_name(patient),
        sex=SEX.get(gender, Sex.UNKNOWN),
        birth_date=patient.day("birthDate", whole=True),
        deceased_on=patient.day("deceasedDateTime"),
        id_type="",
        ethnicity=patient.extension(ETHNICITY).text("valueCode", limit=2),
        payment_type=patient.extension(PAYMENT).text("valueCode", limit=2),
        phone=_phone(patient),
        birth_order=_order(patient),
    )
    for address in patient.children("address"):
        _read_address(person, address)
        break
    for contact in patient.children("contact"):
        person.contact_name = _human(contact.child("name"))[:50]
        person.contact_phone = _phone(contact)
        break
    found = Incoming(
        person=person,
        managing=patient.reference("managingOrganization"),
        mother=patient.extension(MOTHER).child("valueReference").text("reference", limit=500),
    )
    _read_numbers(found, patient, issuer)
    return found


def _order(patient: Resource) -> int | None:
    told = patient.number("multipleBirthInteger")
    return int(told) if told is not None and 1 <= told <= 9 else None


def _name(patient: Resource) -> str:
    names = list(patient.children("name"))
    chosen = next((n for n in names if n.text("use") in ("official", "usual")), None)
    best = chosen or (names[0] if names else None)
    written = _human(best) if best is not None else ""
    if not written:
        patient.refuse("name", _("须含姓名（text，或 family 与 given）。"))
    if len(written) > 50:
        patient.refuse("name", _("超过 %(limit)d 个字。") % {"limit": 50})
    return written


def _human(name: Resource) -> str:
    """A HumanName in one string: 张三 as it is written, Juno Syntheson with its space."""
    if name.text("text"):
        return name.text("text")
    family, given = name.text("family"), [each for each in name.texts("given") if each]
    if any(unicodedata.name(c, "").startswith("CJK") for c in family):
        return family + "".join(given)
    return " ".join([*given, family]).strip()


def _phone(holder: Resource) -> str:
    for contact in holder.children("telecom"):
        if contact.text("system") in ("phone", "sms", "") and contact.text("value"):
            return contact.text("value", limit=40)
    return ""


def _read_address(person: Person, address: Resource) -> None:
    person.province = address.text("state", limit=70)
    person.city = address.text("city", limit=70)
    person.district = address.text("district", limit=70)
    lines = [line for line in address.texts("line") if line]
    if len(lines) == 3:
        person.township, person.village, person.address_detail = lines
    elif lines:
        person.address_detail = "".join(lines) if _is_han(lines[0]) else ", ".join(lines)
    elif not (person.province or person.city or person.district):
        person.address_detail = address.text("text")
    for name in ("township", "village", "address_detail"):
        if len(getattr(person, name)) > 70:
            address.refuse("line", _("超过 %(limit)d 个字。") % {"limit": 70})


def _is_han(text: str) -> bool:
    return any("\u4e00" <= c <= "\u9fff" for c in text)


def _read_numbers(found: Incoming, patient: Resource, issuer: str) -> None:
    person = found.person
    seen: set[tuple[str, str]] = set()
    for number in patient.children("identifier"):
        system, value = number.text("system", limit=120), number.text("value", limit=64)
        if not value:
            continue
        kind = number.code_in("type", ID_TYPE)
        if system == ID_CARD or kind == "01":
            person.id_type, person.id_number = "01", value
        elif system.startswith(f"{ID_TYPE}.") or kind:
            code = kind or system.rsplit(".", 1)[-1].zfill(2)
            if len(value) > 18:
                number.refuse("value", _("证件号码超过 18 位。"))
            if not person.id_number:
                person.id_type, person.id_number = code, value
        elif system == HEALTH_RECORD:
            person.health_record_no = value
        elif (system or issuer, value) not in seen:
            seen.add((system or issuer, value))
            found.identifiers.append(
                Identifier(
                    county_id=person.county_id,
                    person=person,
                    value=value,
                    **_issued(system, issuer),
                )
            )


def _issued(system: str, issuer: str) -> dict[str, Any]:
    """Kind and issuer that a system stands for."""
    if system in KINDS:
        return {"kind": KINDS[system], "issuer": ""}
    for known, kind in ISSUED.items():
        if system.startswith(f"{known}:"):
            return {"kind": kind, "issuer": system[len(known) + 1 :]}
    return {"kind": Identifier.Kind.OTHER, "issuer": system or issuer}


# --------------------------------------------------------------------------- offered and searched

SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}


# The attributes that hold the further numbers of a person who was read to be written, and the
# registrations that were merged into this one.
NUMBERS = "further_numbers"
REPLACED = "replaced_here"


def whole_to_fhir(person: Person) -> dict[str, Any]:
    """With the numbers by which others know the resident, and what was merged into this one."""
    return to_fhir(person, getattr(person, NUMBERS), getattr(person, REPLACED))


def listed_to_fhir(person: Person) -> dict[str, Any]:
    """Enough to choose the right one of a list; numbers and street are for who reads one person."""
    told = to_fhir(person)
    for name in ("identifier", "telecom", "contact"):
        told.pop(name, None)
    if "address" in told:
        village = person.township + person.village
        told["address"] = [{"use": "home", "text": village}] if village else []
        if not village:
            del told["address"]
    told["meta"]["tag"] = [SUBSETTED]
    return told


def _numbered(system: str | None, code: str, asking: Asking) -> Q:
    """By the index of numbers first, then by what kind of number it is."""
    if not code:
        return NOTHING
    keys = SearchKey.objects.visible_to(asking.actor).filter(
        kind=SearchKey.Kind.NUMBER, key=rules.asked_key(code)
    )
    others = Identifier.objects.filter(value=code)
    own = NOTHING
    if system in (None, ID_CARD):
        own |= Q(id_type="01", id_number=code.upper())
    if system in (None, HEALTH_RECORD):
        own |= Q(health_record_no=code)
    if system is None:
        own |= Q(id_number=code.upper())
    elif system.startswith(f"{ID_TYPE}."):
        own |= Q(id_type=system.rpartition(".")[2].zfill(2), id_number=code)
    if system is not None:
        others = others.filter(**_filed_as(system))
    # The survivor of a merge is found by what the other registration says, too.
    survivors = keys.values("person_id")
    merged = _merged(asking.actor).filter(own)
    found = (
        own
        | Q(pk__in=others.values("person_id"))
        | Q(pk__in=merged.filter(replaced_by__in=survivors).values("replaced_by"))
        | Q(
            pk__in=merged.filter(replaced_by__replaced_by__in=survivors).values(
                "replaced_by__replaced_by"
            )
        )
    )
    return Q(pk__in=survivors) & found


def _filed_as(system: str) -> dict[str, str]:
    """Kind and issuer under which a number of this system is kept; of any kind, if by address."""
    known = _issued(system, "")
    return {"issuer": system} if known["kind"] == Identifier.Kind.OTHER else known


def _called(text: str, modifier: str, asking: Asking) -> Q:
    if modifier == "contains":
        return Q(name__contains=text)
    if modifier == "exact":
        return Q(name=text) & _keyed(asking, text, SearchKey.Kind.NAME)
    return _keyed(asking, text, SearchKey.Kind.NAME)


def _sounding(text: str, modifier: str, asking: Asking) -> Q:
    """By pinyin or its initials, as people type them."""
    return _keyed(asking, text, SearchKey.Kind.PINYIN, SearchKey.Kind.INITIALS)


def _keyed(asking: Asking, text: str, *kinds: str) -> Q:
    key = rules.search_key(text)
    if not key:
        return NOTHING
    keys = SearchKey.objects.visible_to(asking.actor).filter(kind__in=kinds, key__prefix=key)
    return Q(pk__in=keys.values("person_id"))


def _phoned(system: str | None, code: str, asking: Asking) -> Q:
    if system not in (None, "phone") or not code:
        return NOTHING
    keys = SearchKey.objects.visible_to(asking.actor).filter(
        kind=SearchKey.Kind.NUMBER, key=rules.search_key(code)
    )
    return Q(phone=code, pk__in=keys.values("person_id"))


def _people(actor: Actor) -> Any:
    return Person.objects.visible_to(actor)


def _merged(actor: Actor) -> Any:
    return Person.objects.replaced_for(actor)


def _parts(actor: Actor) -> Sequence[Any]:
    numbers = Identifier.objects.order_by("kind", "id")
    replaced = _merged(actor).order_by("id")
    return (
        Prefetch("identifiers", numbers, to_attr=NUMBERS),
        Prefetch("replaced", replaced, to_attr=REPLACED),
    )


def _grounds(actor: Actor, people: Sequence[Person]) -> dict[UUID, str]:
    return {person.pk: permissions.BY_MACHINE.kept() for person in people}


OFFERS = (
    Offer(
        kind="Patient",
        model=Person,
        rows=_people,
        write=whole_to_fhir,
        listed=listed_to_fhir,
        asks_for_one=("_id", "identifier", "phone"),
        former=_merged,
        parts=_parts,
        lists=(("identifiers", NUMBERS, Identifier), ("replaced", REPLACED, Person)),
        needed=("active", "link"),
        person="id",
        verb="person.read",
        grounds=_grounds,
        parameters=(
            codes("active", {"true": Q(voided_at=None), "false": Q(voided_at__isnull=False)}),
            day("birthdate", "birth_date"),
            day("death-date", "deceased_on"),
            codes("deceased", {"true": Q(deceased_on__isnull=False), "false": Q(deceased_on=None)}),
            codes(
                "gender",
                {said: Q(sex=sex) for said, sex in SEX.items()},
                "http://hl7.org/fhir/administrative-gender",
            ),
            Token("identifier", _numbered),
            Words("name", _called, sort="name"),
            Pointer("organization", "managed_by_id", ("Organization",)),
            Token("phone", _phoned, empty=Q(phone="")),
            Words("phonetic", _sounding),
        ),
    ),
)
