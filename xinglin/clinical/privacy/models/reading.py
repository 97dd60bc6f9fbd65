"""Why a record is open, that it was opened, and who was refused: what the trail is told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache, partial
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext

from xinglin.clinical.privacy.models.rows import (
    OWN,
    PARTS,
    READ,
    SHEETS,
    BreakGlass,
    Consent,
    open_people,
)
from xinglin.kernel import clock, parameters, trail
from xinglin.kernel.access import Actor, Reach
from xinglin.kernel.models import Notice, TrailEntry
from xinglin.kernel.prepared import Cabinet
from xinglin.kernel.records import Record
from xinglin.registry.organisations.models import tree
from xinglin.registry.people.models import CareLink, Person
from xinglin.registry.staff.models import Post

# What the ground of a relation is made of.
_OF_LINK = ("organisation_id", "basis", "evidence", "since", "until")


def ground(actor: Actor, person: Person) -> str:
    """Why the post may read the person's data, in the words that the trail keeps; "" if not."""
    return grounds(actor, [person.pk]).get(person.pk, "")


def grounds(actor: Actor, people: Iterable[UUID]) -> dict[UUID, str]:
    """The same for many people, in one query, and one more where a glass may be broken."""
    wanted = set(people)
    if actor.person_id is not None:
        return {actor.person_id: gettext("本人")} if actor.person_id in wanted else {}
    words = Consent.objects.standing().filter(
        Q(house_id=None) | Q(house_id=actor.org_id), person_id=OuterRef("pk")
    )
    denied = words.filter(effect=Consent.Effect.DENY, parts="")
    permits = words.filter(effect=Consent.Effect.PERMIT).order_by("since").values("since")
    rows = Person.objects.filter(pk__in=wanted).annotate(
        shut=Exists(denied), permitted=Subquery(permits[:1])
    )
    now = clock.now()
    found: dict[UUID, str] = {}
    best: dict[UUID, tuple[bool, datetime]] = {}
    for person_id, shut, permitted, house, basis, evidence, since, until in rows.values_list(
        "pk", "shut", "permitted", *(f"care_links__{name}" for name in _OF_LINK)
    ):
        if shut:
            continue
        if permitted is not None:
            found.setdefault(person_id, gettext("居民授权，%(day)s起") % {"day": permitted})
        if house not in actor.scope or (until is not None and until <= now):
            continue
        # One's own house before those below it, then the latest.
        rank = house == actor.org_id, since
        if person_id not in best or best[person_id] < rank:
            best[person_id] = rank
            found[person_id] = gettext("%(basis)s，%(house)s，%(since)s起，%(evidence)s") % {
                "basis": CareLink.Basis(basis).label,
                "house": tree.name(house),
                "since": timezone.localdate(since).isoformat(),
                "evidence": CareLink.Evidence(evidence).label if evidence else "",
            }
    if missing := wanted - found.keys():
        glasses = BreakGlass.objects.in_force().filter(user_id=actor.user_id)
        for glass in glasses.filter(person_id__in=missing):
            found[glass.person_id] = gettext("紧急查阅：%(reason)s") % {"reason": glass.reason_said}
    return found


def grounds_of(actor: Actor, rows: Iterable[Any]) -> dict[UUID, str]:
    """Why the post may read each of the people whom rows are about; what it wrote, at the least."""
    people: set[UUID] = set()
    for row in rows:
        people.add(row.person_id)
        if not type(row).person.is_cached(row):
            # All that the trail asks of the person: what one sees is of one's own county.
            row.person = Person(pk=row.person_id, county_id=actor.county_id)
    told = grounds(actor, people)
    return {key: told.get(key) or gettext("本机构书写的内容") for key in people}


def opened(actor: Actor, subject: Record, *, parts: str = "", door: str = "") -> None:
    """Write in the trail that clinical data of a person lay open: which parts, on what ground."""
    person = subject if isinstance(subject, Person) else getattr(subject, "person", None)
    why = ground(actor, person) if person is not None else ""
    trail.read(
        actor,
        READ if actor.person_id is None else OWN,
        subject,
        basis=" · ".join(filter(None, (why or gettext("本机构书写的内容"), door)))[:200],
        parts=parts or str(subject._meta.model_name),
    )


def listed(actor: Actor, verb: str, rows: Iterable[Any], *, door: str = "", what: str = "") -> None:
    """Write that lines of a list, each about a person, lay open: one trace a person and a while.

    `what` names the list, where it is not that of requests.

    A list that lies open all day refreshes itself; that is one reading every some minutes.
    """
    new: dict[UUID, Any] = {}
    for row in rows:
        person_id = row.trail_person_id()
        if person_id is not None:
            key = (actor.user_id, actor.post_id, verb, person_id)
            _lists.get(key, partial(new.setdefault, person_id, row))
    if new:
        trail.read_all(
            actor,
            verb,
            new.values(),
            basis=" · ".join(filter(None, (what or gettext("待办与转诊列表"), door))),
            parts="list",
        )


_lists: Cabinet[Any] = Cabinet(lasts=600.0, most=100_000)


def forget_lists() -> None:
    """Let every list be written anew; for tests, whose database forgets, too."""
    _lists.clear()


def is_open(actor: Actor, person: Person) -> bool:
    return open_people(actor).filter(pk=person.pk).exists()


def officer_house(county_id: UUID) -> UUID:
    """Where the privacy officer of a county sits; the county itself when nobody does."""
    today = timezone.localdate(clock.now())
    held = Post.objects.filter(
        Q(organisation__county_id=county_id) | Q(organisation_id=county_id), role="privacy"
    ).held_on(today)
    found = held.order_by("since", "id").values_list("organisation_id", flat=True).first()
    return found or county_id


def readings(actor: Actor) -> models.QuerySet[TrailEntry]:
    """The readings that an officer reviews, or that a resident finds of their own record."""
    rows = TrailEntry.objects.filter(kind__in=[TrailEntry.Kind.READ, TrailEntry.Kind.REFUSED])
    if actor.person_id is not None:
        theirs = rows.filter(person_id=actor.person_id, kind=TrailEntry.Kind.READ)
        return theirs.exclude(role="resident").order_by("-at", "-id")
    if actor.may("privacy.review") and actor.reach is Reach.COUNTY:
        return rows.filter(county_id=actor.county_id).order_by("-at", "-id")
    return rows.none()


def parts_said(entry: TrailEntry) -> str:
    """Which parts of a record a line of the trail is about, in words."""
    return str(
        PARTS.get(entry.parts) or SHEETS.get(entry.parts) or entry.parts or gettext("身份信息")
    )


def refused(actor: Actor, ids: Iterable[UUID], *, door: str = "") -> None:
    """Write that rows about a person were asked for by their ids and did not exist for the asker.

    Asked again within some minutes, the same is no news. Called where a door answers 404.
    """
    since = clock.now() - parameters.duration("privacy.refused_minutes")
    for pk in ids:
        subject = _about_somebody(pk)
        if subject is None or subject.trail_person_id() == actor.person_id:
            continue
        earlier = TrailEntry.objects.filter(
            subject_id=pk, user_id=actor.user_id, kind=TrailEntry.Kind.REFUSED, at__gt=since
        )
        if not earlier.exists():
            trail.refuse(
                actor,
                READ,
                subject,
                basis=" · ".join(filter(None, (gettext("无查阅权限"), door))),
                parts=str(subject._meta.model_name),
            )


def _about_somebody(pk: UUID) -> Record | None:
    """The row of this id that is a person or tells of one."""
    person = Person.objects.filter(pk=pk).first()
    if person is not None:
        return person
    for model in apps.get_models():
        if not issubclass(model, Record) or not _tells_of_a_person(model):
            continue
        found: Record | None = model._default_manager.filter(pk=pk).first()
        if found is not None:
            return found
    return None


@cache
def _tells_of_a_person(model: type[Record]) -> bool:
    return any(
        field.name == "person" and field.related_model is Person
        for field in model._meta.concrete_fields
        if field.is_relation
    )


def news_of(actor: Actor) -> models.QuerySet[Notice]:
    """What a resident has been told, the newest first."""
    told = Notice.objects.filter(org_id=actor.county_id, audience=f"person:{actor.person_id}")
    return told.order_by("-at", "-id")
