"""Foreign JSON read with suspicion: every refusal names the path of what is wrong.

    patient = Resource(sent)
    patient.text("birthDate"); patient.first("name").text("family")

Resources in the manner of FHIR: objects of named values and lists. Also the few shapes that
we write: `coding`, `concept`, `reference`, and `slim`, which leaves out what is empty, for FHIR
knows no empty value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, NoReturn

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from xinglin.kernel.errors import Refused

_DAY = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")


class BadResource(Refused):
    """Something in a resource that was sent is not as it must be; `field` is its path."""

    code: ClassVar[str] = "bad-resource"


class Resource:
    """One JSON object that was sent, and the path by which a refusal names it."""

    __slots__ = ("path", "value")

    def __init__(self, value: Any, path: str = "") -> None:
        if not isinstance(value, dict):
            self.value: dict[str, Any] = {}
            self.path = path
            self.refuse("", _("应为 JSON 对象。"))
        self.value = value
        self.path = path or self._name(value)

    @staticmethod
    def _name(value: dict[str, Any]) -> str:
        named = value.get("resourceType")
        return named if isinstance(named, str) else ""

    def __bool__(self) -> bool:
        return bool(self.value)

    def __contains__(self, name: str) -> bool:
        return name in self.value

    def refuse(self, name: str, problem: str) -> NoReturn:
        """Refuse with the path of one of the object's values."""
        path = f"{self.path}.{name}".strip(".")
        raise BadResource(
            _("%(path)s：%(problem)s") % {"path": path or "JSON", "problem": problem}, field=path
        )

    def text(self, name: str, *, limit: int = 0) -> str:
        """A string, trimmed; "" where there is none."""
        value = self.value.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.refuse(name, _("应为文字。"))
        found = " ".join(value.split())
        if "\x00" in found:
            self.refuse(name, _("含有不能保存的字符。"))
        if limit and len(found) > limit:
            self.refuse(name, _("超过 %(limit)d 个字。") % {"limit": limit})
        return found

    def needed(self, name: str, *, limit: int = 0) -> str:
        """A string that must be there."""
        found = self.text(name, limit=limit)
        if not found:
            self.refuse(name, _("缺少该项。"))
        return found

    def flag(self, name: str) -> bool | None:
        value = self.value.get(name)
        if value is not None and not isinstance(value, bool):
            self.refuse(name, _("应为 true 或 false。"))
        return value

    def number(self, name: str) -> Decimal | None:
        value = self.value.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            self.refuse(name, _("应为数字。"))
        try:
            found = Decimal(str(value))
        except InvalidOperation:
            self.refuse(name, _("应为数字。"))
        if not found.is_finite():
            self.refuse(name, _("应为数字。"))
        return found

    def day(self, name: str, *, whole: bool = False) -> date | None:
        """A date; one without day or month counts from its first, unless it must be `whole`."""
        text = self.text(name)
        if not text:
            return None
        if "T" in text:
            moment = self.moment(name)
            return timezone.localdate(moment) if moment else None
        found = _DAY.fullmatch(text)
        if found is None or (whole and not found[3]):
            self.refuse(name, _("“%(text)s”不是完整日期（如 2026-03-02）。") % {"text": text[:40]})
        try:
            return date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
        except ValueError:
            self.refuse(name, _("日期“%(text)s”不存在。") % {"text": text[:40]})

    def moment(self, name: str) -> datetime | None:
        """A time; a bare date counts from its midnight here."""
        text = self.text(name)
        if not text:
            return None
        if "T" not in text:
            day = self.day(name)
            return timezone.make_aware(datetime.combine(day, time())) if day else None
        try:
            moment = parse_datetime(text)
        except ValueError:
            moment = None
        if moment is None:
            self.refuse(
                name,
                _("“%(text)s”不是时间（如 2026-03-02T14:05:00+08:00）。") % {"text": text[:40]},
            )
        return moment if timezone.is_aware(moment) else timezone.make_aware(moment)

    def child(self, name: str) -> Resource:
        """An object inside; an empty one where there is none."""
        return Resource(self.value.get(name, {}), f"{self.path}.{name}".strip("."))

    def children(self, name: str) -> Iterator[Resource]:
        """The objects of a list inside."""
        value = self.value.get(name, [])
        if not isinstance(value, list):
            self.refuse(name, _("应为列表。"))
        for at, each in enumerate(value):
            yield Resource(each, f"{self.path}.{name}[{at}]".strip("."))

    def first(self, name: str) -> Resource:
        """The first object of a list inside; an empty one where there is none."""
        for each in self.children(name):
            return each
        return Resource({}, f"{self.path}.{name}[0]".strip("."))

    def texts(self, name: str) -> list[str]:
        """The strings of a list inside."""
        value = self.value.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self.refuse(name, _("应为文字的列表。"))
        return [" ".join(each.split()) for each in value]

    def code_in(self, name: str, *systems: str) -> str:
        """The code of a CodeableConcept in one of these systems, "" without."""
        for coding in self.child(name).children("coding"):
            if coding.text("system") in systems:
                return coding.text("code")
        return ""

    def words(self, name: str) -> str:
        """What a CodeableConcept says in words: its text, else a display, else a code."""
        concept = self.child(name)
        if concept.text("text"):
            return concept.text("text")
        for coding in concept.children("coding"):
            if coding.text("display") or coding.text("code"):
                return coding.text("display") or coding.text("code")
        return ""

    def reference(self, name: str) -> str:
        """What a Reference points to, "" without."""
        return self.child(name).text("reference", limit=500)

    def extension(self, url: str) -> Resource:
        """The extension with this address; an empty object without."""
        for each in self.children("extension"):
            if each.text("url") == url:
                return each
        return Resource({}, f"{self.path}.extension".strip("."))


def slim(value: Any) -> Any:
    """The same without empty strings, lists and objects, and without None."""
    if isinstance(value, dict):
        kept = {name: slim(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if each not in (None, "", [], {})}
    if isinstance(value, list):
        return [each for each in map(slim, value) if each not in (None, "", [], {})]
    return value


def coding(system: str, code: str, display: str = "") -> dict[str, Any]:
    return {"system": system, "code": code, "display": display} if code else {}


def concept(system: str, code: str, display: str = "") -> dict[str, Any]:
    """A CodeableConcept of one code, or of words alone."""
    return {"coding": [coding(system, code, display)], "text": display}


def reference(kind: str, key: Any, display: str = "") -> dict[str, Any]:
    return {"reference": f"{kind}/{key}", "display": display} if key else {}


def instant(moment: datetime | None) -> str:
    """A time as FHIR writes it, in the local zone, to the millisecond at most."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    return local.isoformat(timespec="milliseconds" if local.microsecond else "seconds")
