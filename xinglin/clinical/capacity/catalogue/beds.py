"""Coded reasons about beds, from `catalogue/bed-reasons.toml`."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import get_language, gettext

from xinglin.kernel import catalogue

REASONS = "bed-reasons.toml"


@dataclass(frozen=True)
class Reason:
    """A code with its two names; `text` asks for words beside it."""

    code: str
    zh: str
    en: str
    text: bool = False

    @property
    def label(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


@catalogue.cached
def _reasons(name: str) -> dict[str, dict[str, Reason]]:
    return {
        group: {
            row["code"]: Reason(row["code"], row["zh"], row["en"], row.get("text", False))
            for row in content["codes"]
        }
        for group, content in catalogue.read_toml(name)["reasons"].items()
    }


def reasons(group: str) -> dict[str, Reason]:
    """The coded reasons for one question: block, release, mix, void."""
    return _reasons(REASONS)[group]


def said(group: str, code: str, text: str) -> str:
    """A reason in words, with what was written beside it; "" without one."""
    found = reasons(group).get(code)
    label = found.label if found else code
    if label and text:
        return gettext("%(reason)s：%(text)s") % {"reason": label, "text": text}
    return label or text
