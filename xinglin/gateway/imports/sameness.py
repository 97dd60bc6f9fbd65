"""When two tellings of a clinical fact are one fact, and in what they differ."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from typing import Any

from xinglin.clinical.record.models import Encounter, Fact
from xinglin.gateway.imports.bundles import Entry
from xinglin.kernel.records import plain

# What belongs to the fact's identity, or to the house alone; not compared.
APART = {
    "person_id",
    "organisation_id",
    "encounter_id",
    "source",
    "source_id",
    "voided_at",
    "voided_by",
    "void_reason",
    "replaces_id",
    "problem_id",
}
# What this house reads into a result, and may read otherwise tomorrow; it was not told.
# Nor was the place where a file lies: its digest says whether it is another.
READ_INTO = {"reference_low", "reference_high", "interpretation", "as_told", "file"}


def name(fact: Fact, entry: Entry) -> None:
    """Make the name under which the sender knows a fact one that lasts.

    A `urn:` lasts as long as its bundle: what it names is known again by its contents. A visit
    goes on, so it keeps the name it has.
    """
    if fact.source_id and not entry.full_url.startswith("urn:"):
        return
    if isinstance(fact, Encounter) and fact.source_id:
        return
    fact.source_id = f"{fact.source_id}~{digest(sorted(contents(fact).items()))[:16]}"


def contents(fact: Fact) -> dict[str, Any]:
    """What a fact says, without whose it is and where it came from."""
    return {name: value for name, value in fact.facts().items() if name not in APART}


def changed(known: Fact, told: Fact) -> dict[str, Any]:
    """What the file says otherwise; what it leaves out stays."""
    changed: dict[str, Any] = {}
    for name in contents(told):
        if name in READ_INTO:
            continue
        ours, theirs = getattr(known, name), getattr(told, name)
        if theirs in (None, "", [], {}):
            continue
        if name == "noted_on" and theirs > ours:
            # It says when it was first noted: to tell it again later is no news.
            continue
        if isinstance(theirs, Decimal | date):
            if theirs != ours:
                changed[name] = theirs
        elif plain(ours) != plain(theirs):
            changed[name] = theirs
    return changed


def digest(*parts: Any) -> str:
    """A short name made of what something says."""
    told = "|".join(str(part) for part in parts)
    return hashlib.sha256(told.encode()).hexdigest()[:40]
