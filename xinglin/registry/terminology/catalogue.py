"""The coded lists of the field: the tables and the value sets, read from `catalogue/`.

    concept = find("icd10", "K29.700x003")   # Concept(code="K29.7", zh="胃炎…")
    require("sex", "3")                      # UnknownCode: a sentence that names the code
    search("icd10", "gxy")                   # 高血压 by initials, name, English or code
    choices("id-type")                       # for a form field, in the reader's language
    outward("rh", "negative", "ws365")       # "2", as another standard writes it

`system` is one of the tables ("icd10", "icd9cm3", "loinc", "vaccine") or the name of a value set
in `codes.toml`; `KeyError` names one that does not exist, for that is a mistake of the programme
and not of a person. A county's overlay folder is laid over all files; a changed file is read
again at the next call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
_CODES_FILE = "codes.toml"
# What the county treats daily; found first among equally good answers.
_USUAL_FILES = ("tiered-township.csv", "tiered-county.csv")


@dataclass(frozen=True)
class _Table:
    """A list in a file of its own, with the spelling and the parents of its codes, if any."""

    file: str
    zh: str
    en: str
    standard: str
    normal: Callable[[str], str] | None = None
    parents: Callable[[str], Iterator[str]] | None = None


_TABLES = {
    ICD10: _Table(
        "icd10.csv",
        "疾病分类与代码（ICD-10）",
        "Diseases (ICD-10)",
        "ICD-10",
        rules.normal_icd10,
        rules.icd10_parents,
    ),
    "icd9cm3": _Table(
        "icd9cm3.csv",
        "手术操作分类代码（ICD-9-CM-3）",
        "Procedures (ICD-9-CM-3)",
        "ICD-9-CM-3",
        rules.normal_icd9cm3,
        rules.icd10_parents,
    ),
    "loinc": _Table("observations.csv", "体征与检验项目", "Vital signs and tests", "LOINC"),
    "vaccine": _Table("vaccines.csv", "疫苗名称", "Vaccines", "国家免疫规划"),
}


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
    # Abbreviations and further names by which it is looked for.
    also: str = ""

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
        return rules.Index(
            rules.Entry(each.code, each.zh, f"{each.en} {each.also}") for each in ordered
        )

    def find(self, code: str) -> Concept | None:
        """The entry of a code, or None; see the module's `find`."""
        table = _TABLES.get(self.system)
        if table is None or table.normal is None or table.parents is None:
            return self.by_code.get(code.strip())
        canonical = table.normal(code)
        if not canonical:
            return None
        for parent in table.parents(canonical):
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

    ICD codes are taken in any spelling; one that the list does not hold, such as an extension
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
    return [*_TABLES, *catalogue.read_toml(_CODES_FILE)["valueset"]]


def code_list(system: str) -> CodeList:
    """One whole list; KeyError if there is none of that name."""
    return _list(system)


def outward(system: str, code: str, border: str) -> str:
    """How another standard or a printed form writes a code; "" where it has none for it."""
    for row in _rows(system):
        if row["code"] == code:
            return str(row.get(border) or row.get(f"to_{border}") or "")
    return ""


def inward(system: str, sent: str, border: str, field: str = "") -> str:
    """The code of what another standard or a printed form writes.

    Raises UnknownCode with a sentence that names what was sent; `field` names the input.
    """
    for row in _rows(system):
        if row.get(border) == sent:
            return str(row["code"])
    raise UnknownCode(
        _("“%(list)s”中没有编码“%(code)s”，请从列表中选择。")
        % {"list": name_of(system), "code": sent},
        field=field,
    )


def told_of(system: str, code: str, name: str) -> Any:
    """What the row of a value set says besides its names, such as `per_day`; None without."""
    return next((row.get(name) for row in _rows(system) if row["code"] == code), None)


def _rows(system: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = catalogue.read_toml(_CODES_FILE)["valueset"][system]["codes"]
    return rows


def _reads_english() -> bool:
    return (get_language() or "zh").startswith("en")


_lazy_label = cast(Callable[[Concept], str], lazy(lambda concept: concept.label, str))

_read: dict[str, tuple[Any, CodeList]] = {}


def _list(system: str) -> CodeList:
    """A list, read again when one of its files has changed."""
    table = _TABLES.get(system)
    files: tuple[str, ...] = (table.file if table else _CODES_FILE,)
    if system == ICD10:
        files += _USUAL_FILES
    now = tuple(catalogue.stamp(name) for name in files)
    kept = _read.get(system)
    if kept is None or kept[0] != now:
        kept = (now, _table(system, table) if table else _value_set(system))
        _read[system] = kept
    return kept[1]


def _table(system: str, table: _Table) -> CodeList:
    rows = catalogue.read_csv(table.file)
    normal = table.normal
    if normal is not None:
        rows = sorted(rows, key=lambda row: row["code"])
    return CodeList(
        system=system,
        zh=table.zh,
        en=table.en,
        standard=table.standard,
        concepts=tuple(
            Concept(
                system,
                (normal(row["code"]) if normal else "") or row["code"],
                row["name_zh"],
                row.get("name_en") or "",
                (row.get("also") or "").replace(";", " "),
            )
            for row in rows
        ),
        usual=tuple(row["icd10"] for name in _USUAL_FILES for row in catalogue.read_csv(name))
        if system == ICD10
        else (),
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
