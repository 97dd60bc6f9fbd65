"""Who is acting, and what they may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from xinglin.kernel.errors import Forbidden

T = TypeVar("T")
NONE = UUID(int=0)


class Reach(StrEnum):
    """How far a post sees: its own house, its house with those below it, or the county."""

    NOTHING = "nothing"
    HOUSE = "house"
    SUBTREE = "subtree"
    COUNTY = "county"


@dataclass(frozen=True)
class Actor:
    """A person (or machine) acting in one post: who they are, where they sit, what it allows.

    `scope` holds the ids of the organisations whose rows the post reads; a post with
    `Reach.COUNTY` reads by `county_id` instead, so its scope stays small.
    """

    user_id: UUID = NONE
    name: str = ""
    post_id: UUID = NONE
    role: str = ""
    org_id: UUID = NONE
    org_name: str = ""
    county_id: UUID = NONE
    codes: frozenset[str] = frozenset()
    reach: Reach = Reach.NOTHING
    scope: frozenset[UUID] = field(default=frozenset(), repr=False)
    practitioner_id: UUID | None = None
    address: str = ""
    # A resident who looks at their own record acts in no post and for nobody else.
    person_id: UUID | None = None

    def at(self, org_id: UUID | None) -> bool:
        """Whether the post sits in this house."""
        return org_id is not None and self.org_id == org_id

    def reaches(self, org_id: UUID | None, county_id: UUID | None = None) -> bool:
        """Whether a row of this house (in this county) is within the post's sight."""
        if self.reach is Reach.COUNTY:
            return county_id == self.county_id and county_id is not None
        return org_id in self.scope

    def within(self, *fields: str, county: str = "county", by: str = "in") -> Q:
        """The filter for rows that belong to the post's sight through any of these fields.

        `by="among"` for a page that is read in the order of another index.
        """
        if self.reach is Reach.NOTHING:
            return Q(pk__in=[])
        if self.reach is Reach.COUNTY:
            return Q(**{f"{county}_id": self.county_id})
        found = Q()
        for name in fields:
            if len(self.scope) == 1:
                found |= Q(**{f"{name}_id": next(iter(self.scope))})
            else:
                found |= Q(**{f"{name}__{by}": self.scope})
        return found

    def may(self, code: str) -> bool:
        return code in self.codes


NOBODY = Actor()


class _Everything(frozenset[str]):
    """The codes of the house itself: every act is allowed to it."""

    def __contains__(self, item: object) -> bool:
        return True


def system(county_id: UUID = NONE) -> Actor:
    """The house acting by itself: clocks, listeners, the first set-up."""
    return Actor(
        name="系统", role="system", county_id=county_id, codes=_Everything(), reach=Reach.COUNTY
    )


def anywhere(actor: Actor, subject: Any) -> bool:
    """For acts that depend on the post alone."""
    return True


REGISTRY: dict[str, Permission[Any]] = {}


@dataclass(frozen=True)
class Permission(Generic[T]):
    """One thing a post may do, and to which records.

    The code is granted to roles in `catalogue/roles.toml` and names the act in the trail.
    """

    code: str
    label: Any
    when: Callable[[Actor, T], bool] = anywhere

    def __post_init__(self) -> None:
        REGISTRY[self.code] = self

    def check(self, actor: Actor, subject: T) -> None:
        if not self.allows(actor, subject):
            raise Forbidden(_("当前岗位不能执行“%(action)s”。") % {"action": self.label})

    def allows(self, actor: Actor, subject: T) -> bool:
        if actor.role == "system":
            return True
        return self.code in actor.codes and self.when(actor, subject)
