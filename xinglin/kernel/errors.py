"""The few roots of every refusal.

    Refused            422  a rule of the house says no; the sentence says what to do
    ├── Forbidden      403  the post does not allow the act
    ├── WrongState     409  the record stands elsewhere than the act needs
    └── Conflict       409  somebody else was first, or the thing exists already

An error that belongs to one act is a subclass kept beside that act.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol


class Inputs(Protocol):
    """What a form is to a refusal: it has fields, and takes a sentence for one of them."""

    fields: Any

    def add_error(self, field: str | None, error: Any) -> None: ...


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

    def put_on(self, form: Inputs) -> None:
        """Put each sentence beside its input, on top where the form has none of that name.

        A refusal that is about no input is not the form's: it goes on to the page.
        """
        if not self.fields:
            raise self
        for name, sentence in self.fields.items():
            form.add_error(name if name in form.fields else None, sentence)


class Forbidden(Refused):
    code = "forbidden"
    status = 403


class WrongState(Refused):
    code = "wrong-state"
    status = 409


class Conflict(Refused):
    code = "conflict"
    status = 409
