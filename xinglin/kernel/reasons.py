"""Coded reasons: the answers to “why” that a county offers, each question a table of a file.

A file has `[reasons.<question>]` with `codes = [{ code, zh, en, text }]`; a county adds or
renames by code in its own file. An app names its file once:

    REASONS = Reasons("referral-reasons.toml")
    REASONS.check("refusal", code, text, field="refusal_code")
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from xinglin.kernel import catalogue
from xinglin.kernel.errors import Refused


class UnknownReason(Refused):
    """No reason, one that the catalogue does not know, or one that lacks its words."""

    code = "unknown-reason"


@dataclass(frozen=True)
class Coded:
    """A code with its two names."""

    code: str
    zh: str
    en: str

    @property
    def label(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


@dataclass(frozen=True)
class Reason(Coded):
    """A coded reason; `text` asks for words beside it."""

    text: bool = False


@catalogue.cached
def _read(name: str) -> dict[str, dict[str, Reason]]:
    return {
        question: {
            row["code"]: Reason(row["code"], row["zh"], row["en"], row.get("text", False))
            for row in content["codes"]
        }
        for question, content in catalogue.read_toml(name)["reasons"].items()
    }


@dataclass(frozen=True)
class Reasons:
    """The coded reasons of one file."""

    name: str

    def of(self, question: str) -> dict[str, Reason]:
        """The reasons for one question by their codes; KeyError names an unknown question."""
        return _read(self.name)[question]

    def label(self, question: str, code: str) -> str:
        """The words for a code in the reader's language; an unknown code speaks for itself."""
        found = self.of(question).get(code)
        return found.label if found else code

    def check(self, question: str, code: str, text: str = "", *, field: str) -> None:
        """Refuse a reason that is not in the file, or one that asks for words and has none."""
        if not code:
            raise UnknownReason(_("请选择原因。"), field=field)
        found = self.of(question).get(code)
        if found is None:
            raise UnknownReason(_("没有“%(code)s”这一原因代码。") % {"code": code}, field=field)
        if found.text and not text.strip():
            raise UnknownReason(
                _("选择“%(reason)s”时请补充说明。") % {"reason": found.label}, field=field
            )
