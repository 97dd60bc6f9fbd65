"""One row of a clinical table as a fact, named so that the same row sent twice is one fact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from xinglin.clinical.record import catalogue
from xinglin.clinical.record.models import (
    Allergy,
    Diagnosis,
    Document,
    Encounter,
    Fact,
    FamilyHistory,
    HealthCover,
    Immunization,
    Medication,
    Observation,
    Problem,
    Procedure,
)
from xinglin.gateway.imports import sameness
from xinglin.kernel.errors import Refused
from xinglin.kernel.records import plain
from xinglin.registry.terminology import catalogue as terminology

Cells = Mapping[str, Any]
# What every fact of the row has: person, house, author, source.
Of = dict[str, Any]


def _named(of: Of, *parts: Any) -> dict[str, Any]:
    told = [plain(part) if part is not None else "" for part in parts]
    return {**of, "source_id": sameness.digest(of["person"].pk, of["organisation"].pk, *told)}


def _some(cells: Cells, names: str) -> dict[str, Any]:
    return {name: cells[name] for name in names.split() if name in cells}


def diagnosis(cells: Cells, of: Of, visit: Encounter | None) -> Fact:
    return Diagnosis(
        **_named(of, cells.get("visit", ""), cells["code"], cells["diagnosed_on"]),
        encounter=visit,
        **_some(cells, "code name diagnosed_on main on_admission"),
    )


def observation(cells: Cells, of: Of, visit: Encounter | None) -> Fact:
    """A result: a number where it is one, else words; the item by any of its names."""
    item = catalogue.named(cells["code"])
    if item is None:
        raise Refused(
            _("检验项目表中没有“%(item)s”，请用 LOINC 编码或表中的名称。")
            % {"item": cells["code"]},
            field="code",
        )
    said: str = cells["value"]
    try:
        number = Decimal(said)
    except InvalidOperation:
        number = Decimal("NaN")
    measured = number.is_finite() and not item.texts
    unit = cells.get("unit", "")
    if not measured and not item.texts:
        # "<0.5" is no number, and says nothing without its unit.
        said = f"{said} {unit}".strip()
    return Observation(
        **_named(of, cells.get("report", ""), item.code, cells["measured_at"]),
        encounter=visit,
        kind=item.kind,
        code=item.code,
        name=item.zh,
        value=number if measured else None,
        text="" if measured else said,
        unit=unit if measured else "",
        **_some(cells, "specimen reference_low reference_high measured_at"),
    )


def allergy(cells: Cells, of: Of, visit: Encounter | None) -> Fact:
    return Allergy(
        **_named(of, cells["substance"]),
        **_some(cells, "substance reaction severe noted_on"),
    )


def medication(cells: Cells, of: Of, visit: Encounter | None) -> Fact:
    return Medication(
        **_named(of, cells.get("visit", ""), cells["name"], cells["started_on"]),
        encounter=visit,
        **_some(cells, "name code form dose frequency route started_on ended_on"),
    )


def procedure(cells: Cells, of: Of, visit: Encounter | None) -> Fact:
    return Procedure(
        **_named(of, cells["code"], cells["performed_at"]),
        encounter=visit,
        **_some(
            cells,
            "code name performed_at ended_at main operator grade anaesthesia healing site note",
        ),
    )


def immunization(cells: Cells, of: Of, visit: Encounter | None) -> Fact:
    told: str = cells["vaccine"]
    known = next(
        (
            each
            for each in terminology.code_list("vaccine").concepts
            if told.lower() in (each.code.lower(), each.zh, each.en.lower())
        ),
        None,
    )
    if known is None:
        raise Refused(
            _("疫苗名称表中没有“%(vaccine)s”，请用表中的名称或缩写。") % {"vaccine": told},
            field="vaccine",
        )
    dose = cells.get("dose_number")
    return Immunization(
        **_named(of, known.code, dose, cells["given_on"]),
        code=known.code,
        name=known.zh,
        dose_number=_whole(dose, "dose_number"),
        **_some(cells, "trade_name lot manufacturer expires_on site route given_on next_due_on"),
    )


def problem(cells: Cells, of: Of, visit: Encounter | None) -> Fact:
    return Problem(
        **_named(of, cells["code"]),
        **_some(cells, "code name status onset_on abated_on noted_on note"),
    )


def family(cells: Cells, of: Of, visit: Encounter | None) -> Fact:
    return FamilyHistory(
        **_named(of, cells["relation"], cells["code"]),
        onset_age=_whole(cells.get("onset_age"), "onset_age"),
        **_some(cells, "relation code noted_on note"),
    )


def cover(cells: Cells, of: Of, visit: Encounter | None) -> Fact:
    return HealthCover(
        **{**of, "source_id": cells["health_record_no"]},
        number=cells["health_record_no"],
        past_diseases=[{"code": code} for code in cells.get("past_diseases", [])],
        **_some(
            cells,
            "established_on doctor registered_address workplace residence abo rh education"
            " occupation marriage payments drug_allergies exposures genetic disabilities exhaust"
            " fuel water toilet livestock",
        ),
    )


def document(cells: Cells, of: Of, visit: Encounter | None) -> Fact:
    return Document(
        **_named(of, cells["url"]),
        encounter=visit,
        data={"elsewhere": {"url": cells["url"]}},
        **_some(cells, "kind title filed_at"),
    )


def _whole(number: Decimal | None, field: str) -> int | None:
    if number is None:
        return None
    if number != number.to_integral_value() or not 0 <= number < 1000:
        raise Refused(_("应为整数。"), field=field)
    return int(number)


READERS: dict[str, Callable[[Cells, Of, Encounter | None], Fact]] = {
    "health-covers": cover,
    "problems": problem,
    "diagnoses": diagnosis,
    "observations": observation,
    "allergies": allergy,
    "medications": medication,
    "procedures": procedure,
    "immunizations": immunization,
    "family-histories": family,
    "documents": document,
}
