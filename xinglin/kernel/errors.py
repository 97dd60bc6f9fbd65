"""The few roots of every refusal.

    Refused            422  a rule of the house says no; the sentence says what to do
    ├── Forbidden      403  the post does not allow the act
    ├── WrongState     409  the record stands elsewhere than the act needs
    └── Conflict       409  somebody else was first, or the thing exists already

An error that belongs to one act is a subclass kept beside that act.
"""

from __future__ import annotations

from typing import Any, ClassVar


class Refused(Exception):
    """A refusal that a person can act on.

    `message` is one sentence in the active language; `field` names the input it is about
    (dotted for nested input), `fields` several of them at once with a sentence each;
    `links` are (label, address) pairs that help.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422

    def __init__(
        self,
        message: Any = "",
        *,
        field: str = "",
        fields: dict[str, str] | None = None,
        links: list[tuple[str, str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.field = field
        self.fields = fields or ({field: str(message)} if field else {})
        self.links = links or []


class Forbidden(Refused):
    code = "forbidden"
    status = 403


class WrongState(Refused):
    code = "wrong-state"
    status = 409


class Conflict(Refused):
    code = "conflict"
    status = 409
