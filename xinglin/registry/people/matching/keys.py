"""Who is worth comparing: keys that two registrations of one person rarely all miss.

A key is a 64-bit number made of the county and what the two would share, so that one small
index answers for all kinds of likeness.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from uuid import UUID

from xinglin.registry.people.matching.sketches import Sketch


def keys(of: Sketch, county_id: UUID) -> set[int]:
    """The keys under which a registration is found."""
    salt = county_id.bytes
    return {
        int.from_bytes(blake2b(text.encode(), digest_size=8, key=salt).digest(), "big", signed=True)
        for text in _texts(of)
    }


def _texts(of: Sketch) -> Iterator[str]:
    # Every blocking rule of `bulk.BLOCKING` is one of these, so that both find the same pairs.
    if of.card:
        yield f"card {of.card}"
    if of.phone:
        yield f"phone {of.phone}"
    for number in of.numbers:
        yield f"number {number}"
    if of.mother:
        yield f"mother {of.mother}"
    if of.born and of.name:
        yield f"born {of.born} {initials(of)}"
        for part in of.shared:
            yield f"surname {of.born} {part}"
        yield f"year {of.born[:4]} {of.parts}"
        yield f"month-day {of.born[4:]} {of.parts}"
        if of.township:
            yield f"place {of.born} {of.township}"
        if of.village:
            yield f"decade {of.village} {of.born[:3]} {initials(of)}"
    if of.village and of.name:
        yield f"village {of.village} {of.parts}"


def initials(of: Sketch) -> str:
    """The first letters of the name's parts, in order of the alphabet: 陈桂香 → cgx."""
    return "".join(part[0] for part in of.parts.split())
