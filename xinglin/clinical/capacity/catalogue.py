"""Kinds of what can be booked, channels, and coded reasons: `catalogue/capacity*.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from xinglin.kernel import catalogue, parameters
from xinglin.kernel.reasons import Coded, Reasons

FILE = "capacity.toml"
# The questions: cancel, close, leave; of beds block, release, mix, void.
reasons = Reasons("capacity-reasons.toml")


@dataclass(frozen=True)
class Kind(Coded):
    """What a schedule offers, and what it cannot do without."""

    person: bool
    place: bool


@dataclass(frozen=True)
class Channel(Coded):
    """By which way a place is booked; `takes`: whose kept places it may use besides its own."""

    takes: tuple[str, ...]
    house: bool


@catalogue.cached
def _kinds(name: str) -> dict[str, Kind]:
    return {
        row["code"]: Kind(row["code"], row["zh"], row["en"], row["person"], row["place"])
        for row in catalogue.read_toml(name)["kinds"]["rows"]
    }


@catalogue.cached
def _channels(name: str) -> dict[str, Channel]:
    return {
        row["code"]: Channel(
            row["code"], row["zh"], row["en"], tuple(row["takes"]), row.get("house", False)
        )
        for row in catalogue.read_toml(name)["channels"]["rows"]
    }


def kinds() -> dict[str, Kind]:
    return _kinds(FILE)


def channels() -> dict[str, Channel]:
    return _channels(FILE)


def said(question: str, code: str, text: str = "") -> str:
    """A reason in words, with what was written beside it; "" without one."""
    if not code:
        return text
    words = reasons.label(question, code)
    return gettext("%(reason)s：%(text)s") % {"reason": words, "text": text} if text else words


def label(rows: dict[str, Any], code: str) -> str:
    """The name of a code in one of the tables; a code that left the file stands for itself."""
    found = rows.get(code)
    return str(found.label) if found else code


def kept_for(channel: str) -> tuple[str, ...]:
    """The channels whose kept places a channel may take: its own, and those it is let into."""
    found = channels().get(channel)
    return (channel, *found.takes) if found else ()


def least_share(kind: str) -> dict[str, int]:
    """Percent of the places of a kind that must be kept for a channel: {"referral": 20}."""
    told: dict[str, dict[str, int]] = parameters.get("capacity.reserved")
    return dict(told.get(kind, {}))
