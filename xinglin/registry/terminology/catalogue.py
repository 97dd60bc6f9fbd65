"""The coded lists of the field: ICD-10 and the value sets, read from `catalogue/`.

    concept = find("icd10", "K29.700x003")   # Concept(code="K29.7", zh="胃炎…")
    require("sex", "3")                      # UnknownCode: a sentence that names the code
    search("icd10", "gxy")                   # 高血压 by initials, name, English or code
    choices("id-type")                       # for a form field, in the reader's language

`system` is "icd10" or the name of a value set in `codes.toml`; `KeyError` names one that does
not exist, for that is a mistake of the programme and not of a person. A county's overlay folder
is laid over both files; a changed file is read again at the next call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, cast

from django.utils.functional import lazy
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from xinglin.kernel import catalogue
from xinglin.kernel.errors import Refused
from xinglin.registry.terminology import rules

ICD10 = "icd10"
_ICD10_FILE = "icd10.csv"
_CODES_FILE = "codes.toml"
# What the county treats daily; found first among equally good answers.
_USUAL_FILES = ("tiered-township.csv", "tiered-county.csv")


class UnknownCode(Refused):
    """The code is not in its list."""

    code: ClassVar[str] = "unknown-code"


@dataclass(frozen=True)
class Concept:
    """One entry of one coded list."""

    system: str
    code: str
    zh: str
    en: str

    @property
    def label(self) -> str:
        """The name in the reader's language; Chinese where there is no English one."""
        return self.en if self.en and _reads_english() else self.zh

    def __str__(self) -> str:
        return f"{self.code} {self.label}"


@dataclass(frozen=True)
class CodeList:
    """One coded list in its order, with what it is called and where it comes from."""

    system: str
    zh: str
    en: str
    standard: str
    concepts: tuple[Concept, ...]
    usual: tuple[str, ...] = ()
    by_code: dict[str, Concept] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_code", {each.code: each for each in self.concepts})

    @cached_property
    def _order(self) -> list[int]:
        return rules.usual_first([each.code for each in self.concepts], self.usual)

    @cached_property
    def _index(self) -> rules.Index:
        ordered = (self.concepts[at] for at in self._order)
        return rules.Index(rules.Entry(each.code, each.zh, each.en) for each in ordered)

    def find(self, code: str) -> Concept | None:
        """The entry of a code, or None; see the module's `find`."""
        if self.system != ICD10:
            return self.by_code.get(code.strip())
        canonical = rules.normal_icd10(code)
        if not canonical:
            return None
        for parent in rules.icd10_parents(canonical):
            if parent in self.by_code:
                return self.by_code[parent]
        return None

    def search(self, text: str, limit: int = 20) -> list[Concept]:
        """The best entries for what was typed, the best first."""
        rows = self._index.search(text, limit)
        if not rows:
            # A whole national code, pasted: its known parent.
            whole = self.find(text)
            return [whole] if whole else []
        return [self.concepts[self._order[row]] for row in rows]


def find(system: str, code: str) -> Concept | None:
    """The concept of a code, or None.

    ICD-10 codes are taken in any spelling; one that the list does not hold, such as an extension
    of the national clinical edition, answers with its nearest known parent. Keep the full
    code you were given beside it: the concept's own is shorter.
    """
    return _list(system).find(code)


def require(system: str, code: str, field: str = "") -> Concept:
    """The concept of a code that must exist; `field` names the input for the refusal.

    Raises UnknownCode with a sentence that names the code.
    """
    concept = find(system, code)
    if concept is None:
        raise UnknownCode(
            _("“%(list)s”中没有编码“%(code)s”，请从列表中选择。")
            % {"list": name_of(system), "code": code},
            field=field,
        )
    return concept


def search(system: str, text: str, limit: int = 20) -> list[Concept]:
    """The best concepts for a few typed characters, the best first.

    Chinese, English, full pinyin, pinyin initials and codes are tried at once; a whole code
    that the list does not hold finds its parent. The first search after a change also builds
    the keys (a second or two for the full national table).
    """
    return _list(system).search(text, limit)


def choices(system: str) -> list[tuple[str, str]]:
    """(code, label) pairs for a field; labels follow the language of whoever reads the page."""
    return [(each.code, _lazy_label(each)) for each in _list(system).concepts]


def name_of(system: str) -> str:
    """What a list is called in the reader's language."""
    known = _list(system)
    return known.en if _reads_english() else known.zh


def systems() -> list[str]:
    """Every list there is."""
    return [ICD10, *catalogue.read_toml(_CODES_FILE)["valueset"]]


def code_list(system: str) -> CodeList:
    """One whole list; KeyError if there is none of that name."""
    return _list(system)


def _reads_english() -> bool:
    return (get_language() or "zh").startswith("en")


_lazy_label = cast(Callable[[Concept], str], lazy(lambda concept: concept.label, str))

_read: dict[str, tuple[Any, CodeList]] = {}


def _list(system: str) -> CodeList:
    """A list, read again when one of its files has changed."""
    files = (_ICD10_FILE, *_USUAL_FILES) if system == ICD10 else (_CODES_FILE,)
    now = tuple(catalogue.stamp(name) for name in files)
    kept = _read.get(system)
    if kept is None or kept[0] != now:
        kept = (now, _icd10() if system == ICD10 else _value_set(system))
        _read[system] = kept
    return kept[1]


def _icd10() -> CodeList:
    return CodeList(
        system=ICD10,
        zh="疾病分类与代码（ICD-10）",
        en="Diseases (ICD-10)",
        standard="ICD-10",
        concepts=tuple(
            Concept(
                ICD10,
                rules.normal_icd10(row["code"]) or row["code"],
                row["name_zh"],
                row.get("name_en", ""),
            )
            for row in sorted(catalogue.read_csv(_ICD10_FILE), key=lambda row: row["code"])
        ),
        usual=tuple(row["icd10"] for name in _USUAL_FILES for row in catalogue.read_csv(name)),
    )


def _value_set(system: str) -> CodeList:
    told = catalogue.read_toml(_CODES_FILE)["valueset"][system]
    return CodeList(
        system=system,
        zh=told["zh"],
        en=told["en"],
        standard=told["standard"],
        concepts=tuple(
            Concept(system, row["code"], row["zh"], row.get("en", "")) for row in told["codes"]
        ),
    )
