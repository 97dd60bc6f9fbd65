"""An offer: one model as one type of resource."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet

from xinglin.kernel.access import Actor
from xinglin.kernel.searching.parameters import Ids, Parameter, Span


@dataclass(frozen=True, eq=False)
class Offer:
    """One model as one type of resource.

    `rows` are those that an actor may see; `former` those that stand for nothing any more, but
    still answer by their id and say where they live on; `parts` what else the writing needs,
    fetched for a whole page at once. `person` is the column of the resident a row is about, ""
    for none; a reading then leaves a line under `verb` with the ground that `grounds` tells for
    each resident. `needed` are the elements that stay when only some are asked for. `listed`
    writes a row of a list that does not ask for the resident by number, where that tells less and
    hence leaves no line. Two models may be one type: a diagnosis and a problem are both a
    Condition. `key` makes a row's key of a resource's id, where rows are not known by the id
    itself; `changed` is the column of the last change.
    """

    kind: str
    model: type[Model]
    rows: Callable[[Actor], QuerySet[Any]]
    write: Callable[[Any], dict[str, Any]]
    parameters: tuple[Parameter, ...]
    needed: tuple[str, ...] = ()
    former: Callable[[Actor], QuerySet[Any]] | None = None
    parts: Callable[[Actor], Sequence[Any]] = lambda actor: ()
    # Of the parts, those that are lists: relation, the attribute that takes it, its model.
    lists: tuple[tuple[str, str, type[Model]], ...] = ()
    person: str = ""
    verb: str = ""
    grounds: Callable[[Actor, Sequence[Any]], Mapping[UUID, str]] = lambda actor, rows: {}
    listed: Callable[[Any], dict[str, Any]] | None = None
    asks_for_one: tuple[str, ...] = ("_id",)
    key: Callable[[UUID], Any] | None = None
    changed: str = "updated_at"

    def parameter(self, name: str) -> Parameter | None:
        return next((each for each in self.every() if each.name == name), None)

    def every(self) -> Iterator[Parameter]:
        """The parameters of every type, then its own."""
        yield Ids("_id", sort="id", key=self.key)
        yield Span("_lastUpdated", self.changed)
        yield from self.parameters
