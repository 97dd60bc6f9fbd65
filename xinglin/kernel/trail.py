"""The trail: who did what to which record, when, and who read whose data, and why.

Lines are written in the transaction of the act. The worker then chains them (each link is
the SM3 of the link before and of the line), so that a line that is changed, removed, put in
or moved afterwards shows. Chaining afterwards keeps writers from queueing on one row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SM3, Hash
from django.apps import apps
from django.db import connection, transaction
from django.utils.translation import gettext as _

from xinglin.kernel import bulk, clock
from xinglin.kernel.access import REGISTRY, Actor
from xinglin.kernel.models import TrailEntry, TrailLink
from xinglin.kernel.prepared import store
from xinglin.kernel.records import Record

FIRST = "0" * 64
# The name of the lock that sealing takes on PostgreSQL: any number that nobody else takes.
SEALING = 20_260_302
# How much of the parts of a reading a line holds.
LONGEST = 120


@dataclass(frozen=True)
class Ground:
    """Why data are read: a code that the trail keeps, and words for whoever reads the line.

    `says` makes the words of what stood beside the code (ids, dates, codes of other tables).
    """

    code: str
    label: Any
    says: Callable[[Mapping[str, str]], str] | None = None

    def __post_init__(self) -> None:
        GROUNDS[self.code] = self

    def kept(self, **beside: object) -> str:
        """As the trail keeps it: the code and, behind a question mark, what fills its words."""
        told = {name: str(value) for name, value in beside.items() if value}
        return f"{self.code}?{urlencode(told)}" if told else self.code


# Every ground by its code.
GROUNDS: dict[str, Ground] = {}


def through(basis: str, door: str) -> str:
    """A kept ground with the door through which the reader came; pages need none."""
    if not door:
        return basis
    return f"{basis}{'&' if '?' in basis else '?'}{urlencode({'door': door})}"


def together(parts: Iterable[str]) -> str:
    """Several parts of a record as one line of the trail keeps them; too many are “record”."""
    told = ",".join(sorted(parts))
    return told if len(told) <= LONGEST else "record"


def said(basis: str) -> str:
    """A kept ground in the reader's language; what is no known code speaks for itself."""
    code, _mark, beside = basis.partition("?")
    ground = GROUNDS.get(code)
    if ground is None:
        return basis
    told = dict(parse_qsl(beside))
    words = ground.says(told) if ground.says else str(ground.label)
    return " · ".join(filter(None, (words, told.get("door", ""))))


def line(by: Actor, verb: str, record: Record, before: dict[str, Any]) -> TrailEntry:
    """The line for a change; stored by `record` or in bulk."""
    after = record.facts()
    changes = {
        name: ["…", "…"] if name in record.TRAIL_HIDES else [before.get(name), value]
        for name, value in after.items()
        if before.get(name) != value and not (name not in before and value in (None, "", [], {}))
    }
    return TrailEntry(
        at=clock.now(),
        user_id=by.user_id,
        actor_name=by.name,
        role=by.role,
        post_id=by.post_id,
        org_id=by.org_id,
        org_name=by.org_name,
        county_id=record.trail_county_id() or by.county_id,
        address=by.address,
        verb=verb,
        subject_type=record._meta.label_lower,
        subject_id=record.pk,
        person_id=record.trail_person_id(),
        changes=changes,
    )


def record(by: Actor, verb: str, subject: Record, *, before: dict[str, Any]) -> None:
    """Write the line for a change that has just been made."""
    store(line(by, verb, subject, before))


def read(by: Actor, verb: str, subject: Record, *, basis: str = "", parts: str = "") -> None:
    """Write that a person's data were read: by whom, which parts, on what ground."""
    # As often as everything else together; the compiled form costs half.
    store(_reading(TrailEntry.Kind.READ, by, verb, subject, basis, parts))


def read_all(
    by: Actor, verb: str, subjects: Iterable[Any], *, basis: str = "", parts: str = ""
) -> None:
    """The same for the lines of a list, each about its own person, in one statement."""
    bulk.create([_reading(TrailEntry.Kind.READ, by, verb, each, basis, parts) for each in subjects])


def refuse(by: Actor, verb: str, subject: Record, *, basis: str = "", parts: str = "") -> None:
    """Write that somebody asked for a person's data without a right to them."""
    store(_reading(TrailEntry.Kind.REFUSED, by, verb, subject, basis, parts))


def _reading(
    kind: TrailEntry.Kind, by: Actor, verb: str, subject: Any, basis: str, parts: str
) -> TrailEntry:
    return TrailEntry(
        at=clock.now(),
        kind=kind,
        user_id=by.user_id,
        actor_name=by.name,
        role=by.role,
        post_id=by.post_id,
        org_id=by.org_id,
        org_name=by.org_name,
        county_id=subject.trail_county_id() or by.county_id,
        address=by.address,
        verb=verb,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        person_id=subject.trail_person_id(),
        basis=basis,
        parts=parts,
    )


def _digest(chain: str, entry: TrailEntry) -> str:
    told = json.dumps(
        [
            entry.pk,
            entry.at.isoformat(),
            entry.kind,
            str(entry.user_id),
            entry.actor_name,
            entry.role,
            str(entry.post_id),
            str(entry.org_id),
            entry.org_name,
            str(entry.county_id),
            entry.address,
            entry.verb,
            entry.subject_type,
            str(entry.subject_id),
            str(entry.person_id),
            entry.changes,
            entry.basis,
            entry.parts,
        ],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    digest = Hash(SM3())
    digest.update(chain.encode())
    digest.update(told.encode())
    return digest.finalize().hex()


def seal(limit: int = 1000) -> int:
    """Chain the lines that are not chained yet, oldest first; how many were."""
    with transaction.atomic():
        _one_sealer()
        last = TrailLink.objects.order_by("-position").first()
        chain, position = (last.chain, last.position) if last else (FIRST, 0)
        entries = list(TrailEntry.objects.filter(link=None).order_by("id")[:limit])
        links = []
        for entry in entries:
            chain = _digest(chain, entry)
            position += 1
            links.append(TrailLink(position=position, entry=entry, chain=chain))
        TrailLink.objects.bulk_create(links)
        return len(links)


def _one_sealer() -> None:
    """Let one worker at a time lengthen the chain; SQLite has but one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SEALING])


@dataclass(frozen=True)
class Verdict:
    """What checking the chain found; `broken_at` is the first position that does not fit."""

    lines: int
    unsealed: int
    broken_at: int | None = None
    reason: str = ""


def _links() -> Iterator[TrailLink]:
    return TrailLink.objects.order_by("position").select_related("entry").iterator(2000)


def verify() -> Verdict:
    """Recompute the chain from its first line to its last."""
    chain, expected = FIRST, 0
    for link in _links():
        expected += 1
        if link.position != expected:
            return Verdict(expected - 1, 0, expected, "missing")
        chain = _digest(chain, link.entry)
        if chain != link.chain:
            return Verdict(expected - 1, 0, expected, "changed")
    return Verdict(expected, TrailEntry.objects.filter(link=None).count())


def of(subjects: Iterable[UUID]) -> list[TrailEntry]:
    """What was done to these records, in order: the source of every timeline."""
    return list(
        TrailEntry.objects.filter(subject_id__in=list(subjects), kind=TrailEntry.Kind.CHANGE)
        .order_by("at", "id")
        .defer("address")
    )


def story(entries: Iterable[TrailEntry]) -> list[dict[str, Any]]:
    """Lines in words, the newest first: `at`, `who`, `org`, `what` and, in `note`, what changed."""
    return [
        {
            "at": entry.at,
            "who": who(entry),
            "org": entry.org_name,
            "what": REGISTRY[entry.verb].label if entry.verb in REGISTRY else entry.verb,
            "note": _changed(entry),
        }
        for entry in sorted(entries, key=lambda entry: (entry.at, entry.pk), reverse=True)
    ]


def who(entry: TrailEntry) -> str:
    """Who acted, for people to read; the house itself in the reader's language."""
    return _("系统") if entry.role == "system" else entry.actor_name


# Whose turn it is, as a workflow keeps it: the inbox says so, the story need not.
BOOKKEEPING = frozenset({"owner_id", "duty", "due_at", "clock_from"})


def _changed(entry: TrailEntry) -> str:
    """What a line changed, field by field; of a record that was new, its name."""
    if all(before is None for before, _after in entry.changes.values()):
        return str(entry.changes.get("name", ("", ""))[1])
    model: Any = apps.get_model(entry.subject_type)
    told = []
    for name, (before, after) in entry.changes.items():
        if name in BOOKKEEPING:
            continue
        field: Any = model._meta.get_field(name)
        label = model.label_of(name)
        if field.is_relation or not getattr(field, "editable", True) or before == "…":
            told.append(label)
        else:
            words = {"label": label, "before": _said(field, before), "after": _said(field, after)}
            told.append(_("%(label)s：%(before)s → %(after)s") % words)
    return str(_("；").join(told))


def _said(field: Any, value: Any) -> str:
    if value in (None, "", [], {}):
        return "—"
    if isinstance(value, bool):
        return str(_("是") if value else _("否"))
    if isinstance(value, list):
        return str(_("、").join(map(str, value)))
    return str(dict(field.flatchoices).get(value, value))[:60]
