"""What a page shows of two registrations side by side, in words and bars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xinglin.registry.people.matching import Candidate, Score
from xinglin.registry.people.matching.comparisons import COMPARISONS
from xinglin.registry.people.matching.scoring import VERDICTS, VETOES
from xinglin.registry.people.models import Merge, Person

# A field whose evidence is this strong fills the bar: one in a million.
FULL_BITS = 20
# Words by bits for and against, the strongest first.
STRENGTHS = (
    (8, gettext_lazy("很能说明是同一人")),
    (3, gettext_lazy("说明是同一人")),
    (0.5, gettext_lazy("略微说明是同一人")),
    (-0.5, gettext_lazy("说明不了什么")),
    (-3, gettext_lazy("略微说明不是同一人")),
    (-7, gettext_lazy("说明不是同一人")),
    (-1000, gettext_lazy("很能说明不是同一人")),
)


def candidate(new: Person, found: Candidate) -> dict[str, Any]:
    """Somebody registered beside somebody who is to be; numbers are masked."""
    return {"person": found.person, **pair(new, found.known_as, found.score, masked=True)}


def pair(one: Person, other: Person, score: Score, *, masked: bool = False) -> dict[str, Any]:
    """Rows of what both say, how it agrees and what that weighs; and the sum of it."""
    pieces = {piece.field: piece for piece in score.pieces}
    labels = {(c.code, level.code): level.label for c in COMPARISONS for level in c.levels}
    rows = []
    for field, label, shown in _shown(masked):
        piece = pieces.get(field)
        first, second = shown(one), shown(other)
        if piece is None and not (first or second):
            continue
        row: dict[str, Any] = {"label": label, "first": first, "second": second}
        if piece is not None:
            row |= {
                "level": labels[piece.field, piece.level],
                "words": next(words for least, words in STRENGTHS if piece.bits >= least),
                "bits": round(piece.bits, 1),
                "bar": min(FULL_BITS, round(abs(piece.bits), 1)),
                "speaks_for": piece.bits >= 0,
            }
        rows.append(row)
    return {
        "rows": rows,
        "full": FULL_BITS,
        "verdict": VERDICTS[score.verdict],
        "is_same": score.verdict == "same",
        "percent": min(99.9, round(100 * score.probability, 1)),
        "veto": VETOES[score.veto] if score.veto else "",
    }


def _shown(masked: bool) -> list[tuple[str, Any, Callable[[Person], str]]]:
    return [
        ("name", _("姓名"), lambda p: p.name),
        ("sex", _("性别"), lambda p: p.get_sex_display() if p.sex in "12" else ""),
        ("born", _("出生日期"), lambda p: p.birth_date.isoformat() if p.birth_date else ""),
        ("died", _("死亡日期"), lambda p: p.deceased_on.isoformat() if p.deceased_on else ""),
        ("card", _("证件号码"), lambda p: p.masked_id if masked else p.id_number),
        ("phone", _("电话"), lambda p: p.masked_phone if masked else p.phone),
        (
            "address",
            _("住址"),
            lambda p: p.township + p.village + ("" if masked else p.address_detail),
        ),
        ("mother", _("母亲"), lambda p: p.mother.name if p.mother else ""),
        ("number", _("其他号码"), _numbers if not masked else lambda p: ""),
        (
            "contact",
            _("联系人"),
            lambda p: "" if masked else f"{p.contact_name} {p.contact_phone}".strip(),
        ),
        ("custodian", _("管理机构"), lambda p: p.custodian),
        (
            "registered",
            _("登记时间"),
            lambda p: "" if p._state.adding else f"{p.created_at:%Y-%m-%d}",
        ),
    ]


def _numbers(person: Person) -> str:
    told = [
        f"{each.get_kind_display()} {each.value}" for each in person.identifiers.order_by("kind")
    ]
    return _("、").join(filter(None, [person.health_record_no, *told]))


def moves(merge: Merge) -> list[dict[str, Any]]:
    """How many rows of which kind a merge moved, and how many it left."""
    counts = (
        merge.moves.values("table", "kind").annotate(times=Count("id")).order_by("table", "kind")
    )
    kinds = dict(merge.moves.model.Kind.choices)
    return [
        {
            "label": apps.get_model(each["table"])._meta.verbose_name,
            "kind": kinds[each["kind"]],
            "times": each["times"],
        }
        for each in counts
    ]
