"""The machine's check of a drug order before it is signed: a list of small questions.

Each check takes the proposal and the person's situation and gives findings: `stop` refuses the
signature, `warn` asks the doctor for a reason, which the pharmacist then reads. A further check
is a function appended to `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from xinglin.clinical.orders import catalogue
from xinglin.clinical.orders.catalogue import Drug, Frequency

STOP, WARN = "stop", "warn"
# Grams, milligrams, micrograms in one measure; other units are compared with themselves only.
MASS = {"g": Decimal(1000), "mg": Decimal(1), "ug": Decimal("0.001")}


@dataclass(frozen=True)
class Finding:
    """What a check found: its code, how grave it is, and a sentence for the doctor."""

    check: str
    level: str
    sentence: str


@dataclass(frozen=True)
class KnownAllergy:
    """An allergy as it is recorded: words, and the code of its kind where it has one."""

    substance: str
    kind: str = ""


@dataclass(frozen=True)
class Taken:
    """A drug that is ordered or taken now; `here` on the same sheet, `once` a single dose."""

    name: str
    code: str = ""
    house: str = ""
    here: bool = False
    once: bool = False


@dataclass(frozen=True)
class Situation:
    """What is known of the person; `age` in whole years, None when not known."""

    age: int | None = None
    pregnant: bool = False
    allergies: tuple[KnownAllergy, ...] = ()
    taken: tuple[Taken, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """What is about to be ordered; `drug` is None when it is written by hand."""

    name: str
    drug: Drug | None
    dose: Decimal | None
    unit: str
    frequency: Frequency
    once: bool = False


Check = Callable[[Proposal, Situation], Iterator[Finding]]


def check(proposal: Proposal, situation: Situation) -> list[Finding]:
    """Everything that speaks against the order, the gravest first."""
    found = [finding for each in CHECKS for finding in each(proposal, situation)]
    return sorted(found, key=lambda finding: finding.level != STOP)


def allergies(proposal: Proposal, situation: Situation) -> Iterator[Finding]:
    """The drug, or its class, is what the person must not be given."""
    group = _class_of(proposal)
    for known in situation.allergies:
        if _names(proposal, known.substance) or (group and _means(group, known)):
            yield Finding(
                "allergy",
                STOP,
                _("患者对“%(substance)s”过敏，不能使用%(drug)s。")
                % {"substance": known.substance, "drug": proposal.name},
            )
        elif group and any(_means(each, known) for each in _relatives(group)):
            yield Finding(
                "cross-allergy",
                WARN,
                _("患者对“%(substance)s”过敏，%(drug)s可能交叉过敏。")
                % {"substance": known.substance, "drug": proposal.name},
            )


def _class_of(proposal: Proposal) -> catalogue.DrugClass | None:
    return catalogue.classes().get(proposal.drug.group) if proposal.drug else None


def _relatives(group: catalogue.DrugClass) -> list[catalogue.DrugClass]:
    known = catalogue.classes()
    return [known[code] for code in group.cross if code in known]


def _means(group: catalogue.DrugClass, allergy: KnownAllergy) -> bool:
    if allergy.kind and allergy.kind == group.allergen:
        return True
    return any(word in allergy.substance for word in (*group.words, group.zh))


def _names(proposal: Proposal, substance: str) -> bool:
    """Whether the words of the allergy are in the drug's name: 阿莫西林 in 阿莫西林胶囊."""
    said = substance.strip().removesuffix("过敏").removesuffix("类")
    return len(said) >= 2 and said in proposal.name


def duplicates(proposal: Proposal, situation: Situation) -> Iterator[Finding]:
    """The same drug is on the sheet already, or something that does the same is taken."""
    group = _class_of(proposal)
    for taken in situation.taken:
        other = catalogue.drugs().get(taken.code)
        same = bool(proposal.drug and taken.code == proposal.drug.code) or (
            taken.name == proposal.name
        )
        alike = bool(group and not group.several and other and other.group == group.code)
        if not same and not alike:
            continue
        words = {"drug": proposal.name, "taken": taken.name, "house": taken.house}
        if same and taken.here and not proposal.once and not taken.once:
            yield Finding("duplicate", STOP, _("%(taken)s已在执行，不能重复开立。") % words)
        elif same and not (proposal.once or taken.once):
            yield Finding("duplicate", WARN, _("患者正在使用%(taken)s（%(house)s）。") % words)
        elif alike and not same:
            sentence = (
                _("与正在执行的%(taken)s为同类药品。")
                if taken.here
                else _("与患者正在使用的%(taken)s（%(house)s）为同类药品。")
            )
            yield Finding("same-class", WARN, sentence % words)


def doses(proposal: Proposal, situation: Situation) -> Iterator[Finding]:
    """The dose is over the catalogue's maximum, of one time or of a day."""
    drug = proposal.drug
    if drug is None or proposal.dose is None:
        return
    dose = _in_unit(proposal.dose, proposal.unit, drug.unit)
    if dose is None:
        yield Finding(
            "unit",
            WARN,
            _("%(drug)s的剂量单位通常为 %(usual)s，现为 %(unit)s，请核对。")
            % {"drug": drug.label, "usual": drug.unit, "unit": proposal.unit},
        )
        return
    if drug.max_single is not None and dose > drug.max_single:
        yield Finding(
            "max-single",
            STOP,
            _("%(drug)s单次 %(dose)s %(unit)s，超过单次极量 %(most)s %(unit)s。")
            % {
                "drug": drug.label,
                "dose": _plain(dose),
                "unit": drug.unit,
                "most": drug.max_single,
            },
        )
        return
    daily = dose * proposal.frequency.per_day
    if drug.max_daily is not None and daily > drug.max_daily:
        yield Finding(
            "max-daily",
            STOP,
            _("%(drug)s每日 %(dose)s %(unit)s，超过每日极量 %(most)s %(unit)s。")
            % {
                "drug": drug.label,
                "dose": _plain(daily),
                "unit": drug.unit,
                "most": drug.max_daily,
            },
        )


def _in_unit(dose: Decimal, unit: str, wanted: str) -> Decimal | None:
    if unit == wanted:
        return dose
    if unit in MASS and wanted in MASS:
        return dose * MASS[unit] / MASS[wanted]
    return None


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def age(proposal: Proposal, situation: Situation) -> Iterator[Finding]:
    """The drug is not for somebody so young."""
    drug = proposal.drug
    if drug is None or drug.min_age is None or situation.age is None:
        return
    if situation.age < drug.min_age:
        yield Finding(
            "age",
            STOP,
            _("%(drug)s不用于 %(age)s 岁以下患者。") % {"drug": drug.label, "age": drug.min_age},
        )


def pregnancy(proposal: Proposal, situation: Situation) -> Iterator[Finding]:
    """The drug harms, or may harm, an unborn child."""
    drug = proposal.drug
    if drug is None or not drug.pregnancy or not situation.pregnant:
        return
    if drug.pregnancy == STOP:
        yield Finding("pregnancy", STOP, _("患者妊娠，禁用%(drug)s。") % {"drug": drug.label})
    else:
        yield Finding("pregnancy", WARN, _("患者妊娠，慎用%(drug)s。") % {"drug": drug.label})


CHECKS: list[Check] = [allergies, age, pregnancy, doses, duplicates]
