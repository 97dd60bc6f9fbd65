"""What is written in a search: ids, dates with prefixes, alternatives. Read with suspicion."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, NoReturn
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.kernel.errors import Refused
from xinglin.kernel.records import YEARS

MOST_ALTERNATIVES = 500
PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}")
_DATE = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?P<part>\.\d{1,9})?)?"
    r"(?P<zone>Z|[+ \-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)


class BadParameter(Refused):
    """A parameter of a search that cannot be read; `field` is its name."""

    code: ClassVar[str] = "bad-parameter"
    status: ClassVar[int] = 400


def refuse(name: str, problem: str) -> NoReturn:
    raise BadParameter(
        _("参数 %(name)s：%(problem)s") % {"name": name[:60], "problem": problem}, field=name[:60]
    )


def alternatives(name: str, text: str) -> list[str]:
    """The values between commas; `\\,` is a comma of the value's own."""
    if "\0" in text:
        refuse(name, _("含有不可用的字符（NUL）。"))
    parts = [each for each in re.split(r"(?<!\\),", text) if each.strip()]
    if len(parts) > MOST_ALTERNATIVES:
        refuse(name, _("一次最多 %(count)d 个值。") % {"count": MOST_ALTERNATIVES})
    return parts


def plain(text: str) -> str:
    """A value without the backslashes that kept its commas, bars and dollars."""
    return re.sub(r"\\([,|$\\])", r"\1", text)


def bars(text: str) -> list[str]:
    """What stands between the bars of a value."""
    return [plain(part) for part in re.split(r"(?<!\\)\|", text)]


def read_id(name: str, text: str) -> UUID | None:
    """An id; None for one that is well formed but none of ours."""
    if not _ID.fullmatch(text):
        refuse(name, _("“%(text)s”不是标识号。") % {"text": text[:64]})
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None


@dataclass(frozen=True)
class Stretch:
    """The time that a written date means, from its first moment to before `until`."""

    since: datetime
    until: datetime

    @property
    def wider(self) -> Stretch:
        """About then: a tenth of the time that lies between it and now, on both sides."""
        slack = abs(timezone.now() - self.since) / 10
        return Stretch(self.since - slack, self.until + slack)


def read_date(name: str, text: str) -> tuple[str, Stretch]:
    """Prefix and meaning of `ge2026-03`; a time without its zone is the county's."""
    prefix, written = (text[:2], text[2:]) if text[:2] in PREFIXES else ("eq", text)
    found = _DATE.fullmatch(written)
    if found is None:
        refuse(name, _("“%(text)s”不是日期（如 2026-03-02）。") % {"text": text[:40]})
    told = found.groupdict()
    year, month, day = int(told["year"]), int(told["month"] or 1), int(told["day"] or 1)
    try:
        if year not in YEARS:
            raise ValueError
        if told["hour"]:
            return prefix, _instant(told, date(year, month, day))
        first = date(year, month, day)
    except ValueError:
        refuse(name, _("日期“%(text)s”不存在或不可能。") % {"text": text[:40]})
    if told["day"]:
        last = first + timedelta(days=1)
    elif told["month"]:
        last = date(year + month // 12, month % 12 + 1, 1)
    else:
        last = date(year + 1, 1, 1)
    return prefix, Stretch(midnight(first), midnight(last))


def _instant(told: dict[str, Any], day: date) -> Stretch:
    fraction = int(float(f"0{told['part'] or ''}") * 1_000_000)
    moment = datetime(
        day.year,
        day.month,
        day.day,
        int(told["hour"]),
        int(told["minute"]),
        int(told["second"] or 0),
        fraction,
    )
    if told["zone"]:
        # A plus sign that was not escaped arrives as a space.
        zone = told["zone"].replace(" ", "+").replace("Z", "+00:00")
        aware = datetime.fromisoformat(f"{moment.isoformat()}{zone}")
    else:
        aware = timezone.make_aware(moment)
    length = (
        timedelta(milliseconds=1)
        if told["part"]
        else timedelta(seconds=1)
        if told["second"]
        else timedelta(minutes=1)
    )
    return Stretch(aware, aware + length)


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, day.day))
