"""What every stored thing is made of: identity, state, and whose turn it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Self
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from xinglin.kernel import clock
from xinglin.kernel.errors import Refused, WrongState
from xinglin.kernel.ids import new_id

# A year outside these is a slip of the pen, and some databases or time zones cannot hold it.
YEARS = range(1880, 2200)


class Record(models.Model):
    """A row with an identity of its own, changed only by actions."""

    # Fields that the trail names as changed without repeating what they say.
    TRAIL_HIDES: ClassVar[frozenset[str]] = frozenset()

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def facts(self) -> dict[str, Any]:
        """The stored values, as plain JSON, without the bookkeeping."""
        return {
            field.attname: plain(getattr(self, field.attname))
            for field in self._meta.concrete_fields
            if field.name not in {"id", "created_at", "updated_at"}
        }

    @classmethod
    def label_of(cls, name: str) -> str:
        """The words for a field, as forms and refusals name it."""
        return str(getattr(cls._meta.get_field(name), "verbose_name", name))

    def trail_person_id(self) -> UUID | None:
        """The resident this row is about, so that the trail can be read by person."""
        return getattr(self, "person_id", None)

    def trail_county_id(self) -> UUID | None:
        return getattr(self, "county_id", None)

    def clean_or_refuse(self, exclude: Iterable[str] = ()) -> None:
        """Refuse with a sentence for each field that does not hold (uniqueness is the base's)."""
        told = self._unstorable(set(exclude))
        try:
            self.clean_fields(exclude={*exclude, *told})
        except ValidationError as error:
            told |= {name: " ".join(texts) for name, texts in error.message_dict.items()}
        if told:
            first = next(iter(told))
            label = self.label_of(first)
            raise Refused(
                _("%(field)s：%(problem)s") % {"field": label, "problem": told[first]},
                fields=told,
            )

    def _unstorable(self, exclude: set[str]) -> dict[str, str]:
        """What Django leaves to forms or to the database, which has no sentence for it."""
        told = {}
        for field in self._meta.concrete_fields:
            if field.name in exclude:
                continue
            value = getattr(self, field.attname)
            if isinstance(value, str):
                if "\0" in value:
                    told[field.name] = _("含有不可用的字符（NUL）。")
                elif isinstance(field, models.TextField) and len(value) > (
                    field.max_length or len(value)
                ):
                    told[field.name] = _("最多 %(count)s 个字符。") % {"count": field.max_length}
            elif isinstance(value, date) and value.year not in YEARS:
                told[field.name] = _("日期不在可能的范围内，请核对。")
        return told


def plain(value: Any) -> Any:
    """A stored value as JSON can hold it."""
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, models.fields.files.FieldFile):
        return value.name
    return value


class Staged(Record):
    """A record with a `state` that moves only along `MOVES`."""

    MOVES: ClassVar[Mapping[Any, set[Any]]] = {}
    state: Any

    class Meta:
        abstract = True

    def can_move_to(self, state: Any) -> bool:
        return state in self.MOVES.get(self.state, set())

    def move_to(self, state: Any) -> None:
        """Step along the map, or refuse naming both ends."""
        if not self.can_move_to(state):
            raise WrongState(
                _("%(record)s 当前为“%(now)s”，不能变为“%(next)s”。")
                % {"record": self, "now": type(state)(self.state).label, "next": state.label}
            )
        self.state = state


class Workflow(Staged):
    """A staged record that somebody always owes the next step, until it is finished.

    `owner` is the house that must act, `duty` the permission its post needs for it, `due_at`
    the moment until which. `promises()` makes the database refuse an open row without the
    three, and a finished row with any of them. The inbox is kept from these by `@action`.
    """

    owner: models.ForeignKey[Any, Any]
    owner_id: UUID | None
    duty = models.CharField(max_length=60, blank=True, editable=False)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    clock_from = models.DateTimeField(null=True, blank=True, editable=False)

    # Whether an act on this very row has put it into the inbox already.
    in_inbox = False

    class Meta:
        abstract = True

    @classmethod
    def promises(cls, open_rows: Q, name: str) -> list[models.CheckConstraint]:
        """The constraint that nothing is ever lost."""
        owned = Q(owner__isnull=False, due_at__isnull=False) & ~Q(duty="")
        free = Q(owner__isnull=True, due_at__isnull=True, duty="")
        return [
            models.CheckConstraint(
                condition=(open_rows & owned) | (~open_rows & free),
                name=f"{name}_open_has_owner_and_deadline",
            )
        ]

    def hand_to(self, owner_id: UUID, duty: str, *, due_at: datetime, since: datetime) -> Self:
        """Name who owes the next step, and until when."""
        self.owner_id = owner_id
        self.duty = duty
        self.due_at = due_at
        self.clock_from = since
        return self

    def finish(self) -> Self:
        """Nobody owes anything any more."""
        self.owner_id = None
        self.duty = ""
        self.due_at = None
        self.clock_from = None
        return self

    # What the inbox shows of the row; each workflow answers these.
    inbox_kind: ClassVar[str]

    def inbox_facts(self) -> dict[str, Any]:
        """`title`, `detail`, `urgency` (emergency|urgent|routine), `county_id` of the row."""
        raise NotImplementedError
