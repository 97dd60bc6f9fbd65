"""Why a record is open, that it was opened, and who was refused: what the trail is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache, partial
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection, models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.privacy import catalogue
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
from xinglin.kernel.prepared import SLOT, Cabinet, Prepared
from xinglin.kernel.records import Record
from xinglin.registry.organisations.models import tree
from xinglin.registry.people.models import CareLink, Merge, Person, merged_into
from xinglin.registry.staff.models import Post

# What the ground of a relation is made of.
_OF_LINK = ("organisation_id", "basis", "evidence", "since", "until")


def _care(told: Mapping[str, str]) -> str:
    evidence = told.get("evidence", "")
    return gettext("%(basis)s，%(house)s，%(since)s起，%(evidence)s") % {
        "basis": CareLink.Basis(told["basis"]).label,
        "house": tree.name(UUID(told["house"])),
        "since": told["since"],
        "evidence": CareLink.Evidence(evidence).label if evidence else "",
    }


def _consent(told: Mapping[str, str]) -> str:
    return gettext("居民授权，%(day)s起") % {"day": told["since"]}


def _glass(told: Mapping[str, str]) -> str:
    return gettext("紧急查阅：%(reason)s") % {
        "reason": catalogue.reasons.label("break-glass", told["reason"])
    }


SELF = trail.Ground("self", _("本人"))
CARE = trail.Ground("care", _("诊疗关系"), _care)
CONSENT = trail.Ground("consent", _("居民授权"), _consent)
GLASS = trail.Ground("break-glass", _("紧急查阅"), _glass)
WRITTEN = trail.Ground("own-house", _("本机构书写的内容"))
LISTS = trail.Ground("lists", _("工作列表"))
NO_RIGHT = trail.Ground("no-right", _("无查阅权限"))
NOT_PROVEN = trail.Ground("not-proven", _("核验未通过"))


def ground(actor: Actor, person: Person) -> str:
    """Why the post may read the person's data, as the trail keeps it; "" if it may not."""
    return grounds(actor, [person.pk]).get(person.pk, "")


def grounds(actor: Actor, people: Iterable[UUID]) -> dict[UUID, str]:
    """The same for many people, in one query, and one more where a glass may be broken."""
    wanted = set(people)
    if actor.person_id is not None:
        return {actor.person_id: SELF.kept()} if actor.person_id in wanted else {}
    rows: Iterable[Any]
    if len(wanted) == 1:
        # Whoever opens a record, a page or a resource asks for one.
        key = actor.org_id, timezone.localdate(clock.now())
        rows = _queries.get(key, lambda: Prepared(_ties(actor, [SLOT]))).all(*wanted)
    else:
        rows = _ties(actor, wanted)
    now = clock.now()
    found: dict[UUID, str] = {}
    best: dict[UUID, tuple[bool, datetime]] = {}
    for person_id, shut, permitted, house, basis, evidence, since, until in rows:
        if shut:
            continue
        if permitted is not None:
            found.setdefault(person_id, CONSENT.kept(since=permitted))
        if house not in actor.scope or (until is not None and until <= now):
            continue
        # One's own house before those below it, then the latest.
        rank = house == actor.org_id, since
        if person_id not in best or best[person_id] < rank:
            best[person_id] = rank
            found[person_id] = CARE.kept(
                basis=basis,
                house=house,
                since=timezone.localdate(since).isoformat(),
                evidence=evidence,
            )
    if missing := wanted - found.keys():
        glasses = BreakGlass.objects.in_force().filter(user_id=actor.user_id)
        for glass in glasses.filter(person_id__in=missing):
            found[glass.person_id] = GLASS.kept(reason=glass.reason_code)
    return found


_queries: Cabinet[Prepared] = Cabinet()


def _ties(actor: Actor, people: Iterable[UUID]) -> models.QuerySet[Any, Any]:
    """Each relation of these people to a house, beside what they decided about the post's own."""
    words = Consent.objects.standing().filter(
        Q(house_id=None) | Q(house_id=actor.org_id), person_id=OuterRef("pk")
    )
    denied = words.filter(effect=Consent.Effect.DENY, parts="")
    permits = words.filter(effect=Consent.Effect.PERMIT).order_by("since").values("since")
    found = Person.objects.filter(pk__in=people).annotate(
        shut=Exists(denied), permitted=Subquery(permits[:1])
    )
    return found.values_list(
        "pk", "shut", "permitted", *(f"care_links__{name}" for name in _OF_LINK)
    )


def grounds_of(actor: Actor, rows: Iterable[Any]) -> dict[UUID, str]:
    """Why the post may read each of the people whom rows are about; what it wrote, at the least."""
    people: set[UUID] = set()
    for row in rows:
        people.add(row.person_id)
        if not type(row).person.is_cached(row):
            # All that the trail asks of the person: what one sees is of one's own county.
            row.person = Person(pk=row.person_id, county_id=actor.county_id)
    told = grounds(actor, people)
    return {key: told.get(key) or WRITTEN.kept() for key in people}


def opened(actor: Actor, subject: Record, *, parts: str = "", door: str = "") -> None:
    """Write in the trail that clinical data of a person lay open: which parts, on what ground."""
    person = subject if isinstance(subject, Person) else getattr(subject, "person", None)
    why = ground(actor, person) if person is not None else ""
    trail.read(
        actor,
        READ if actor.person_id is None else OWN,
        subject,
        basis=trail.through(why or WRITTEN.kept(), door),
        parts=parts or str(subject._meta.model_name),
    )


def listed(actor: Actor, verb: str, rows: Iterable[Any], *, door: str = "") -> None:
    """Write that lines of a list, each about a person, lay open: one trace a person and a while.

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
            basis=LISTS.kept(door=door),
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


def about(person_id: UUID) -> Q:
    """The filter for lines of the trail that tell of a person.

    Lines are never changed, so that those about a registration that was merged still bear its
    id. While two were one, reading the one was reading the other.
    """
    told = Q(person_id__in=[person_id, *(each.pk for each in merged_into([person_id]))])
    undone = Merge.objects.filter(loser_id=person_id, undone_at__isnull=False)
    for survivor, since, until in undone.values_list("survivor_id", "created_at", "undone_at"):
        told |= Q(person_id=survivor, at__gte=since, at__lt=until)
    return told


def readings(actor: Actor) -> models.QuerySet[TrailEntry]:
    """The readings that an officer reviews, or that a resident finds of their own record."""
    rows = TrailEntry.objects.filter(kind__in=[TrailEntry.Kind.READ, TrailEntry.Kind.REFUSED])
    if actor.person_id is not None:
        theirs = rows.filter(about(actor.person_id), kind=TrailEntry.Kind.READ)
        return theirs.exclude(role="resident").order_by("-at", "-id")
    if actor.may("privacy.review") and actor.reach is Reach.COUNTY:
        return rows.filter(county_id=actor.county_id).order_by("-at", "-id")
    return rows.none()


def parts_said(entry: TrailEntry) -> str:
    """Which parts of a record a line of the trail is about, in words."""
    told = [str(PARTS.get(x) or SHEETS.get(x) or x) for x in entry.parts.split(",") if x]
    return gettext("、").join(told) or gettext("身份信息")


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
                basis=NO_RIGHT.kept(door=door),
                parts=str(subject._meta.model_name),
            )


def _about_somebody(pk: UUID) -> Record | None:
    """The row of this id that is a person or tells of one."""
    holders, question = _holders()
    key = Person._meta.pk.get_db_prep_value(pk, connection)
    with connection.cursor() as cursor:
        cursor.execute(question, [key] * len(holders))
        found = cursor.fetchone()
    return None if found is None else holders[found[0]]._default_manager.filter(pk=pk).first()


@cache
def _holders() -> tuple[list[type[Record]], str]:
    """What tells of a person, and the one question in which of these an id is.

    Every address with an id that does not exist for the asker comes here; asked table by table it
    would cost more than a page.
    """
    holders = [
        model
        for model in apps.get_models()
        if issubclass(model, Record) and (model is Person or _tells_of_a_person(model))
    ]
    name = connection.ops.quote_name
    branches = [
        f"SELECT {place} FROM {name(model._meta.db_table)} WHERE id = %s"
        for place, model in enumerate(holders)
    ]
    return holders, " UNION ALL ".join(branches)


def _tells_of_a_person(model: type[Record]) -> bool:
    return any(
        field.name == "person" and field.related_model is Person
        for field in model._meta.concrete_fields
        if field.is_relation
    )


def news_of(actor: Actor) -> models.QuerySet[Notice]:
    """What a resident has been told, the newest first."""
    assert actor.person_id is not None
    everybody = [actor.person_id, *(each.pk for each in merged_into([actor.person_id]))]
    told = Notice.objects.filter(
        org_id=actor.county_id, audience__in=[f"person:{pk}" for pk in everybody]
    )
    return told.order_by("-at", "-id")
