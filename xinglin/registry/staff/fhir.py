"""Staff as FHIR R4 Practitioner, their posts as PractitionerRole. Pure mapping.

A practitioner's ID card stays in the house: no reader of a record needs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.kernel.access import Actor
from xinglin.kernel.resources import Resource, concept, instant, reference, slim
from xinglin.kernel.searching import (
    NOTHING,
    Asking,
    Offer,
    Pointer,
    Span,
    Token,
    codes,
    numbers,
    texts,
)
from xinglin.registry.people import rules
from xinglin.registry.staff.models import Post, Practitioner

CODE = "urn:xinglin:staff-code"
LICENCE = "urn:xinglin:licence-no"
ROLE = "urn:xinglin:role"
GENDER = {"1": "male", "2": "female"}
SEX = {"male": "1", "female": "2"}


def to_fhir(practitioner: Practitioner) -> dict[str, Any]:
    """The Practitioner resource of a member of staff."""
    surname, given = rules.split_name(practitioner.name)
    numbers = ((CODE, practitioner.code), (LICENCE, practitioner.licence_no))
    found: dict[str, Any] = slim(
        {
            "resourceType": "Practitioner",
            "id": str(practitioner.pk),
            "meta": {"lastUpdated": instant(practitioner.updated_at)},
            "identifier": [{"system": s, "value": v} for s, v in numbers if v],
            "name": [{"text": practitioner.name, "family": surname, "given": [given]}],
            "gender": GENDER.get(practitioner.sex, "unknown"),
            "qualification": [{"code": {"text": practitioner.title}}] if practitioner.title else [],
        }
    )
    return found


def role_to_fhir(post: Post, on: date | None = None) -> dict[str, Any]:
    """The PractitionerRole resource of a post."""
    found: dict[str, Any] = slim(
        {
            "resourceType": "PractitionerRole",
            "id": str(post.pk),
            "meta": {"lastUpdated": instant(post.updated_at)},
            "period": {
                "start": post.since.isoformat(),
                "end": post.until.isoformat() if post.until else "",
            },
            "practitioner": reference("Practitioner", post.practitioner_id),
            "organization": reference("Organization", post.organisation_id),
            "code": [concept(ROLE, post.role, post.role_label)],
            "specialty": [{"text": post.department.name}] if post.department else [],
        }
    )
    found["active"] = post.in_force(on or timezone.localdate())
    return found


def from_fhir(sent: dict[str, Any], *, county_id: UUID) -> Practitioner:
    """The member of staff of a Practitioner resource; `code` is "" where none was sent."""
    resource = Resource(sent)
    name = resource.first("name")
    written = name.text("text", limit=50)
    if not written:
        family, given = name.text("family"), " ".join(name.texts("given"))
        chinese = any("\u4e00" <= c <= "\u9fff" for c in family)
        written = family + given.replace(" ", "") if chinese else f"{given} {family}".strip()
    if not written or len(written) > 50:
        resource.refuse("name", _("须含姓名，不超过 50 个字。"))
    found = Practitioner(
        county_id=county_id, name=written, sex=SEX.get(resource.text("gender"), "")
    )
    for number in resource.children("identifier"):
        if number.text("system") == LICENCE:
            found.licence_no = number.needed("value", limit=30)
        elif number.text("system") == CODE or not found.code:
            found.code = number.text("value", limit=30)
    found.title = resource.first("qualification").words("code")[:30]
    return found


@dataclass
class IncomingRole:
    """A post as another system tells it; references are not resolved."""

    practitioner: str
    organisation: str
    role: str
    since: date | None
    until: date | None
    department: str


def role_from_fhir(sent: dict[str, Any]) -> IncomingRole:
    """The post of a PractitionerRole resource."""
    resource = Resource(sent)
    role = ""
    for kind in resource.children("code"):
        for coding in kind.children("coding"):
            if coding.text("system") == ROLE:
                role = coding.needed("code", limit=40)
    period = resource.child("period")
    speciality = resource.first("specialty")
    department = speciality.text("text") or speciality.first("coding").text("display")
    return IncomingRole(
        practitioner=resource.reference("practitioner"),
        organisation=resource.reference("organization"),
        role=role,
        since=period.day("start"),
        until=period.day("end"),
        department=department[:50],
    )


def _in_force() -> dict[str, Q]:
    today = timezone.localdate()
    now = Q(since__lte=today) & (Q(until=None) | Q(until__gte=today))
    return {"true": now, "false": ~now}


def _in_role(system: str | None, code: str, asking: Asking) -> Q:
    if system not in (None, ROLE):
        return NOTHING
    return Q(role=code) if code else Q()


def _staff(actor: Actor) -> Any:
    return Practitioner.objects.visible_to(actor)


def _posts(actor: Actor) -> Any:
    return Post.objects.visible_to(actor)


OFFERS = (
    Offer(
        kind="Practitioner",
        model=Practitioner,
        rows=_staff,
        write=to_fhir,
        parameters=(
            codes(
                "gender",
                {
                    "male": Q(sex="1"),
                    "female": Q(sex="2"),
                    "unknown": ~Q(sex__in=("1", "2")),
                },
                "http://hl7.org/fhir/administrative-gender",
            ),
            numbers("identifier", {CODE: "code", LICENCE: "licence_no"}),
            texts("name", "name"),
        ),
    ),
    Offer(
        kind="PractitionerRole",
        model=Post,
        rows=_posts,
        write=role_to_fhir,
        needed=("active",),
        parts=lambda actor: ("department",),
        parameters=(
            codes("active", _in_force),
            Span("date", "since", "until", days=True),
            Pointer("organization", "organisation_id", ("Organization",)),
            Pointer("practitioner", "practitioner_id", ("Practitioner",)),
            Token("role", _in_role, sort="role"),
        ),
    ),
)
