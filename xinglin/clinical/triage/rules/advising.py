"""The advice: treat here, measure first, refer, emergency, or consider sending down. Pure.

The strongest answer wins and every reason is shown, always in the same order. A rule that lacks a
number says what to measure; where only the age is unknown the worst is assumed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from xinglin.clinical.triage import catalogue
from xinglin.clinical.triage.catalogue import Disease, DiseaseList, Rule
from xinglin.clinical.triage.rules.case import Case, Examined, examine
from xinglin.clinical.triage.rules.terms import Spans, deciding, holds, within

EMERGENCY, REFER, MEASURE, TREAT, DOWN = "emergency", "refer", "measure", "treat", "down"
STRENGTH = {EMERGENCY: 5, REFER: 4, MEASURE: 3, TREAT: 2, DOWN: 1}
LEVELS = catalogue.LEVELS
RANK = {level: rank for rank, level in enumerate(LEVELS)}
URGENCY = {"routine": 0, "urgent": 1, "emergency": 2}
# The township's list and the county's.
Lists = tuple[DiseaseList, DiseaseList]
AGES = frozenset({"age", "age_days"})


@dataclass(frozen=True)
class House:
    """A house as triage sees it: level, what it has, and the diseases N it adds or drops.

    `above` is the house it refers to, as far as that is known.
    """

    level: str
    has: frozenset[str] = frozenset()
    added: Spans = ()
    dropped: Spans = ()
    above: House | None = None


@dataclass(frozen=True)
class Ground:
    """One reason for the advice, with what it rests on."""

    code: str
    answer: str
    zh: str
    en: str
    source: str
    article: str
    confidence: str
    level: str = ""
    department: str = ""
    needs: tuple[str, ...] = ()
    channel: str = ""
    urgency: str = "routine"
    facts: tuple[tuple[str, float | None], ...] = ()


@dataclass(frozen=True)
class Advice:
    """What triage says of a case at a house.

    `level` is where to go: the house's own for an emergency that it takes itself, "" for none.
    `ask` are numbers to measure next, `doubts` sentences about what cannot be so.
    """

    outcome: str
    level: str = ""
    department: str = ""
    needs: tuple[str, ...] = ()
    channel: str = ""
    urgency: str = "routine"
    grounds: tuple[Ground, ...] = ()
    ask: tuple[str, ...] = ()
    doubts: tuple[str, ...] = field(default=())

    @property
    def weight(self) -> tuple[int, int]:
        """How strong the answer is: by its kind, then by how far up."""
        return STRENGTH[self.outcome], RANK.get(self.level, -1)


def advise(case: Case, house: House) -> Advice:
    """Where the patient of a case at a house should be treated, and why.

    Any input is answered. The rules are those of `catalogue/triage-rules.toml` and the disease
    lists, with the county's overlay.
    """
    seen = examine(case)
    doubts = list(seen.doubts)
    if house.level not in RANK:
        doubts.append(_("该机构不是诊疗机构，无法判断。"))
    grounds: list[Ground] = []
    ask: dict[str, None] = {}
    open_question = bool(doubts)
    everything = (*seen.diagnoses, *seen.problems)
    touched = {code[:3] for code in everything}
    for rule in catalogue.rules_at(house.level):
        # An old infarction among the problems is no new one: a rule without conditions asks for
        # a diagnosis of this visit.
        codes = everything if rule.when else seen.diagnoses
        if rule.spans and not _about(rule, codes, touched):
            continue
        if rule.without and rule.without <= house.has:
            continue
        verdict, missing = holds(rule.when, seen.numbers, seen.signs)
        unknown = [code for code in rule.ask if code not in seen.numbers]
        if verdict is None:
            if AGES.issuperset(missing) and rule.answer in (EMERGENCY, REFER):
                sentence = _("年龄不详，按最坏情况判断。")
                if sentence not in doubts:
                    doubts.append(sentence)
                open_question, verdict = True, True
            elif unknown:
                ask.update(dict.fromkeys(unknown))
                open_question = open_question or rule.answer != DOWN
        if verdict and rule.answer != "notice":
            ask.update(dict.fromkeys(unknown))
            grounds.append(_ground(rule, seen, house))
    grounds += _listed(seen.diagnoses, house)
    return _conclude(grounds, house, ask, doubts, open_question)


def _about(rule: Rule, diagnoses: Iterable[str], touched: set[str]) -> bool:
    """Whether a rule of some diseases speaks of one that the patient has."""
    if touched.isdisjoint(rule.categories):
        return False
    return any(within(code, rule.spans) for code in diagnoses)


def _ground(rule: Rule, seen: Examined, house: House) -> Ground:
    answer, level = rule.answer, rule.to
    if answer in (EMERGENCY, REFER):
        level = _reach(rule.to, rule.needs, house)
        if answer == REFER and RANK[level] <= RANK[house.level]:
            # What the rule asks for is here.
            answer, level = TREAT, ""
    return Ground(
        code=rule.code,
        answer=answer,
        zh=rule.zh,
        en=rule.en,
        source=rule.source,
        article=rule.article,
        confidence=rule.confidence,
        level=level,
        department=rule.department,
        needs=rule.needs,
        channel=rule.channel,
        urgency=EMERGENCY if answer == EMERGENCY else rule.urgency,
        facts=tuple(
            (code, seen.numbers.get(code)) for code in deciding(rule.when, seen.numbers, seen.signs)
        ),
    )


def _reach(level: str, needs: Iterable[str], house: House) -> str:
    """The lowest level from the one asked for up whose house, where known, has what is needed."""
    wanted = set(needs)
    rank = max(RANK.get(level, RANK["county"]), RANK[house.level])
    while rank < RANK["city"]:
        there: House | None = house
        while there is not None and RANK.get(there.level, -1) < rank:
            there = there.above
        if there is None or there.level != LEVELS[rank] or wanted <= there.has:
            break
        rank += 1
    return LEVELS[rank]


# ------------------------------------------------------------------------- the disease lists


def _listed(diagnoses: Iterable[str], house: House) -> list[Ground]:
    """What the disease lists say of each diagnosis, the strongest first."""
    if house.level not in RANK:
        return []
    lists = catalogue.township_list(), catalogue.county_list()
    found = [ground for code in diagnoses if (ground := _of_list(code, house, lists)) is not None]
    return sorted(found, key=lambda ground: -STRENGTH[ground.answer])


def _of_list(code: str, house: House, lists: Lists) -> Ground | None:
    here = RANK[house.level]
    if code[:1] in ("R", "Z") and not _find(code, lists[0]):
        # A symptom or an occasion is no disease that a list could hold.
        return None
    if within(code, house.added):
        return _of_catalogue(lists, "cat-added", TREAT, code)
    row = _best(code, lists)
    if row is None or within(code, house.dropped):
        if here >= RANK["county"]:
            return _of_catalogue(lists, "cat-unlisted", TREAT, code)
        above = "township" if row and row.mark in "VT" and here < RANK["township"] else "county"
        return _of_catalogue(lists, "cat-out", REFER, code, level=above, row=row)
    wanted = {"V": "village", "T": "township"}.get(row.mark, "county")
    if row.mark == "X":
        return _of_catalogue(lists, "cat-transfer", EMERGENCY, code, level="city", row=row)
    if RANK[wanted] <= here:
        return _of_catalogue(lists, "cat-here", TREAT, code, row=row)
    if wanted == "township" and _drops(code, house.above):
        wanted = "county"
    answer = EMERGENCY if row.mark == "E" else REFER
    return _of_catalogue(lists, "cat-above", answer, code, level=wanted, row=row)


def _drops(code: str, above: House | None) -> bool:
    return above is not None and above.level == "township" and within(code, above.dropped)


def _find(code: str, diseases: DiseaseList) -> Disease | None:
    """The row that holds a code: by the code itself before a span; a bare category by its row."""
    listed = diseases.by_category.get(code[:3], ())
    exact = [row for row in listed if code.startswith(row.code)]
    if exact:
        return max(exact, key=lambda row: len(row.code))
    spanned = next((row for row in listed if within(code, row.spans)), None)
    if spanned is not None or len(code) > 3:
        return spanned
    return next((row for row in listed if row.code.startswith(code)), None)


def treated_in_county(code: str) -> bool:
    """Whether a disease is in the county's catalogue, so that the county should treat it itself.

    Clinical versions lengthen the codes of ICD-10: they are matched as far as the list says. What
    the list has for its first care only (class X) is rightly sent out.
    """
    found = _find(code.strip().upper(), catalogue.county_list())
    return found is not None and found.mark != "X"


def _best(code: str, lists: Lists) -> Disease | None:
    """The row of either list that names a code more exactly; the township's where both do alike."""
    low, high = _find(code, lists[0]), _find(code, lists[1])
    if low is None or high is None:
        return low or high

    def exactness(row: Disease) -> int:
        return len(row.code) if code.startswith(row.code) else 0

    return high if exactness(high) > exactness(low) else low


CATALOGUE_SENTENCES = {
    "cat-added": (
        "%s：本机构增列病种（N），可在本机构诊治。",
        "%s: added by this house, treat here.",
    ),
    "cat-here": (
        "%s：在本级病种目录内，可在本机构诊治。",
        "%s: in the list of this level, treat here.",
    ),
    "cat-above": ("%s：超出本机构病种目录，上转。", "%s: beyond the list of this house, refer up."),
    "cat-out": ("%s：不在本机构病种目录内，上转。", "%s: not in the list of this house, refer up."),
    "cat-transfer": ("%s：县级稳定后转上级医院。", "%s: stabilise, then to the city."),
    "cat-unlisted": ("%s：目录未列，由医师判断。", "%s: not listed, the doctor judges."),
}


def _of_catalogue(
    lists: Lists, rule: str, answer: str, code: str, *, level: str = "", row: Disease | None = None
) -> Ground:
    zh, en = CATALOGUE_SENTENCES[rule]
    of_county = row is not None and row.mark not in ("V", "T")
    return Ground(
        code=rule,
        answer=answer,
        zh=zh % (f"{row.zh}（{code}）" if row else code),
        en=en % (f"{row.en} ({code})" if row else code),
        source=lists[of_county].title,
        article=f"病种目录 {row.code if row else code}",
        confidence="likely",
        level=level,
        channel="general" if answer == EMERGENCY else "",
        department="emergency" if answer == EMERGENCY else "",
        urgency=EMERGENCY if answer == EMERGENCY else "routine",
    )


def _conclude(
    grounds: list[Ground],
    house: House,
    ask: dict[str, None],
    doubts: list[str],
    open_question: bool,
) -> Advice:
    """The strongest answer, with all reasons in order."""
    ordered = sorted(
        grounds, key=lambda g: (-STRENGTH[g.answer], -RANK.get(g.level, -1))
    )  # stable: the order of the file within each
    outcome = ordered[0].answer if ordered else TREAT
    if outcome == DOWN and any(g.answer == TREAT for g in ordered):
        outcome = TREAT
    if open_question and STRENGTH[outcome] < STRENGTH[MEASURE]:
        outcome = MEASURE
    elif outcome == TREAT and any(g.answer == DOWN for g in ordered):
        outcome = DOWN
    leading = [g for g in ordered if g.answer == outcome]
    strongest = leading[0] if leading else None
    named = next((g for g in leading if g.department and g.level == leading[0].level), strongest)
    channel = next((g.channel for g in leading if g.channel not in ("", "general")), "")
    if not channel and outcome == EMERGENCY:
        channel = "general"
    specific = next((g for g in leading if channel and g.channel == channel), named)
    return Advice(
        outcome=outcome,
        level=strongest.level if strongest and outcome in (EMERGENCY, REFER, DOWN) else "",
        department=specific.department if specific and outcome != TREAT else "",
        needs=specific.needs if specific and outcome in (EMERGENCY, REFER) else (),
        channel=channel if outcome == EMERGENCY else "",
        urgency=max((g.urgency for g in leading), key=lambda u: URGENCY[u], default="routine"),
        grounds=tuple(ordered),
        ask=tuple(ask),
        doubts=tuple(doubts),
    )
