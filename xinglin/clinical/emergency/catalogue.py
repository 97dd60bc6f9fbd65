"""Kinds of case, their steps, limits, windows and preparations, from `catalogue/`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

from xinglin.kernel import catalogue
from xinglin.kernel.errors import Refused
from xinglin.kernel.reasons import Coded, Reasons

FILE = "green-channel.toml"
# The questions: stand-down, correct.
reasons = Reasons("green-channel-reasons.toml")


class UnknownKind(Refused):
    """The green channel has no such kind of case, step or preparation."""

    code = "unknown-kind"


@dataclass(frozen=True)
class Step(Coded):
    """One moment of the clock: who stamps it, what it cannot lie before, where it leads."""

    side: str = "either"
    icon: str = "clock"
    after: tuple[str, ...] = ()
    moves: str = ""
    # Its time is what somebody tells (the onset), never "now".
    told: bool = False


@dataclass(frozen=True)
class Limit:
    """How long it may take from one step until another, and who says so."""

    kind: str
    step: str
    start: str
    span: timedelta
    source: str
    edition: str
    confidence: str


@dataclass(frozen=True)
class Window(Coded):
    """How long after the onset a treatment is possible; `closes` is the step that begins it."""

    span: timedelta = timedelta()
    closes: str = ""
    source: str = ""
    confidence: str = ""


@dataclass(frozen=True)
class Kind(Coded):
    """A kind of emergency with its clock in order."""

    icon: str = "urgent"
    diagnosis: str = ""
    steps: tuple[Step, ...] = ()
    required: frozenset[str] = frozenset()
    ready: tuple[Coded, ...] = ()
    limits: tuple[Limit, ...] = ()
    windows: tuple[Window, ...] = ()
    destinations: tuple[str, ...] = ()

    def step(self, code: str) -> Step:
        """The step of that code; `UnknownKind` where the clock of this kind has none."""
        for step in self.steps:
            if step.code == code:
                return step
        raise UnknownKind(
            _("“%(kind)s”的时间轴没有“%(code)s”这一节点。") % {"kind": self.label, "code": code},
            field="step",
        )


@catalogue.cached
def _kinds(name: str) -> dict[str, Kind]:
    content = catalogue.read_toml(name)
    steps = {
        row["code"]: Step(
            code=row["code"],
            zh=row["zh"],
            en=row["en"],
            side=row["side"],
            icon=row["icon"],
            after=tuple(row["after"]),
            moves=row.get("moves", ""),
            told=row.get("told", False),
        )
        for row in content["step"]
    }
    ready = {row["code"]: Coded(row["code"], row["zh"], row["en"]) for row in content["ready"]}
    limits = [_limit(row) for row in content["limit"]]
    return {
        row["code"]: Kind(
            code=row["code"],
            zh=row["zh"],
            en=row["en"],
            icon=row["icon"],
            diagnosis=row["diagnosis"],
            steps=tuple(steps[code] for code in row["steps"]),
            required=frozenset(row["required"]),
            ready=tuple(ready[code] for code in row["ready"]),
            limits=tuple(limit for limit in limits if limit.kind == row["code"]),
            windows=tuple(
                _window(each)
                for each in content["window"]
                if each["key"].startswith(row["code"] + ".")
            ),
            destinations=tuple(row["destinations"]),
        )
        for row in content["type"]
    }


def _limit(row: dict[str, object]) -> Limit:
    kind, step, start = str(row["key"]).split(".")
    return Limit(
        kind=kind,
        step=step,
        start=start,
        span=timedelta(minutes=float(str(row["minutes"]))),
        source=str(row["source"]),
        edition=str(row["edition"]),
        confidence=str(row["confidence"]),
    )


def _window(row: dict[str, object]) -> Window:
    return Window(
        code=str(row["key"]),
        zh=str(row["zh"]),
        en=str(row["en"]),
        span=timedelta(minutes=float(str(row["minutes"]))),
        closes=str(row["closes"]),
        source=str(row["source"]),
        confidence=str(row["confidence"]),
    )


def kinds() -> dict[str, Kind]:
    """All kinds of case by their codes, in the order of the file."""
    return _kinds(FILE)


def kind_of(code: str) -> Kind:
    """The kind of that code; `UnknownKind` where there is none."""
    found = kinds().get(code)
    if found is None:
        raise UnknownKind(
            _("绿色通道没有“%(code)s”这一类型，请重新选择。") % {"code": code}, field="kind"
        )
    return found
