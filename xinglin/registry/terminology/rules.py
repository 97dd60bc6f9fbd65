"""Codes written in many ways, brought to one; and lists of names searched by any spelling.

Pure calculation: no database, no files.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge

from pypinyin import Style, lazy_pinyin

# A category (letter and two digits); up to three more characters, `x00` in the national clinical
# edition (国家临床版 2.0); and that edition's `x` extension of two to four digits.
_ICD10 = re.compile(
    r"(?P<category>[A-Z]\d{2})(?:\.?(?P<detail>[\dX]{1,3}))?(?:X(?P<extension>\d{2,4}))?"
)
# Two digits, up to two more (four in the national clinical edition), and its extension.
_ICD9 = re.compile(r"(?P<category>\d{2})(?:\.?(?P<detail>\d{1,4}))?(?:[Xx](?P<extension>\d{2,4}))?")
_MARKS = "†*+"  # dagger and asterisk of the double classification


def normal_text(text: str) -> str:
    """Full-width to half-width (NFKC), lower case, single spaces; as typed text is compared."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def normal_icd10(text: str) -> str:
    """The canonical spelling of an ICD-10 code, or "" if the text is not shaped like one.

    Accepts full-width and lower-case letters, a missing dot and a trailing dagger or asterisk:
    `i10`, `k297`, `Ｅ１１．９`, `E11.4†`, `I10X00X002` → `I10`, `K29.7`, `E11.9`, `E11.4`,
    `I10.x00x002`. Extensions of the national clinical edition keep their lower-case `x`.
    """
    squeezed = "".join(unicodedata.normalize("NFKC", text).upper().split()).rstrip(_MARKS)
    found = _ICD10.fullmatch(squeezed)
    if found is None:
        return ""
    code = found["category"]
    if found["detail"]:
        code += "." + found["detail"].lower()
    if found["extension"]:
        code += "x" + found["extension"]
    return code


def icd10_parents(code: str) -> Iterator[str]:
    """The code itself, then its ever wider parents down to the three-character category.

    National editions put six characters and an extension where the international one has
    three to five: `I10.x00x002` belongs to `I10`, `K29.700x003` to `K29.7`, then `K29`.
    Takes and gives canonical codes (`normal_icd10`); those of ICD-9-CM-3 grow the same way.
    """
    yield code
    category, _dot, rest = code.partition(".")
    digits = re.match(r"\d*", rest)
    detail = digits[0] if digits else ""
    for length in range(len(detail), 0, -1):
        parent = f"{category}.{detail[:length]}"
        if parent != code:
            yield parent
    if category != code:
        yield category


def normal_icd9cm3(text: str) -> str:
    """The canonical spelling of an ICD-9-CM-3 code, or "" if the text is not shaped like one.

    `4709`, `47.09`, `４７．０９`, `47.0900X001` → `47.09`, `47.09`, `47.09`, `47.0900x001`.
    """
    found = _ICD9.fullmatch("".join(unicodedata.normalize("NFKC", text).split()))
    if found is None:
        return ""
    code = found["category"]
    if found["detail"]:
        code += "." + found["detail"]
    if found["extension"]:
        code += "x" + found["extension"]
    return code


def pinyin_keys(name: str) -> tuple[str, str]:
    """Full pinyin without tones or spaces, and its initials: 高血压 → (gaoxueya, gxy).

    Letters and digits in the name stay as they are; ü is written v, as it is typed.
    """
    text = normal_text(name)
    full = lazy_pinyin(text, errors=_kept)
    initials = lazy_pinyin(text, style=Style.FIRST_LETTER, errors=_kept)
    return "".join(full), "".join(initials)


def _kept(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


@dataclass(frozen=True)
class Entry:
    """What one row of a list can be found by."""

    code: str
    zh: str
    en: str


class Index:
    """A list that answers a few typed characters with its best rows, in milliseconds.

    All rows lie in one long text with marked field borders, so that every way of matching is
    one pass of the language's own substring search. Rows given first win among equals: give
    the usual ones first.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._starts: list[int] = []
        lines: list[str] = []
        at = 0
        for entry in entries:
            full, initials = pinyin_keys(entry.zh)
            code = normal_text(entry.code)
            fields = [code]
            if "." in code:
                fields.append(code.replace(".", ""))
            fields += [normal_text(entry.zh), full, initials, normal_text(entry.en)]
            line = "\n\t" + "\t".join(field.replace("\t", " ") for field in fields) + "\t"
            self._starts.append(at)
            lines.append(line)
            at += len(line)
        self._text = "".join(lines)

    def search(self, text: str, limit: int = 20) -> list[int]:
        """Positions of the best rows for what was typed, the best first; [] for no text.

        Ranked: a whole field; the beginning or end of a field (code, name, pinyin, initials;
        the head noun of a Chinese name comes last); the beginning of an English word;
        anywhere; and last, every word somewhere in the row.
        """
        typed = normal_text(text)
        if not typed or limit < 1:
            return []
        found: dict[int, None] = {}
        squeezed = typed.replace(" ", "")
        for wanted in dict.fromkeys((typed, squeezed)):
            for patterns in (
                [f"\t{wanted}\t"],
                [f"\t{wanted}", f"{wanted}\t"],
                [f" {wanted}"],
                [wanted],
            ):
                for row in merge(*map(self._rows, patterns)):
                    found[row] = None
                    if len(found) == limit:
                        return list(found)
        words = typed.split()
        if len(words) > 1:
            rarest = max(words, key=len)
            for row in self._rows(rarest):
                line = self._line(row)
                if all(word in line for word in words):
                    found[row] = None
                    if len(found) == limit:
                        break
        return list(found)

    def _rows(self, pattern: str) -> Iterator[int]:
        """Rows that hold the pattern, each once, in order."""
        at = self._text.find(pattern)
        while at >= 0:
            row = bisect_right(self._starts, at) - 1
            yield row
            if row + 1 == len(self._starts):
                return
            at = self._text.find(pattern, self._starts[row + 1])

    def _line(self, row: int) -> str:
        end = self._starts[row + 1] if row + 1 < len(self._starts) else len(self._text)
        return self._text[self._starts[row] : end]


def usual_first(codes: Sequence[str], usual: Iterable[str]) -> list[int]:
    """Positions of `codes`: those on the list of usual ones first, in its order, then the rest."""
    rank = {code: at for at, code in reversed(list(enumerate(usual)))}
    return sorted(range(len(codes)), key=lambda at: (rank.get(codes[at], len(rank)), at))
