"""How resources are offered to other systems: whose rows, how written, and how they are searched.

An app says so as data beside its mapping; the gateway serves it:

    OFFER = Offer(
        kind="Observation", model=Observation, rows=Observation.objects.visible_to, write=to_fhir,
        parameters=(
            Coded("code", "system", "code", ours={LOINC: "loinc"}),
            Moment("date", "measured_at"),
            Pointer("patient", "person_id", ("Patient",)),
        ),
    )

A parameter makes a filter of what was asked, by the rules of FHIR R4 search (hl7.org/fhir/R4/
search.html): alternatives between commas, prefixes of dates and numbers, modifiers after a colon.
What cannot be read is refused with a sentence that names the parameter.
"""

from xinglin.kernel.searching.offers import Offer
from xinglin.kernel.searching.parameters import (
    NOTHING,
    Amount,
    Asking,
    Ids,
    Parameter,
    Pointer,
    Span,
    Token,
    Words,
    coded,
    codes,
    day,
    moment,
    numbers,
    texts,
)
from xinglin.kernel.searching.values import BadParameter, read_date, read_id, refuse

__all__ = [
    "NOTHING",
    "Amount",
    "Asking",
    "BadParameter",
    "Ids",
    "Offer",
    "Parameter",
    "Pointer",
    "Span",
    "Token",
    "Words",
    "coded",
    "codes",
    "day",
    "moment",
    "numbers",
    "read_date",
    "read_id",
    "refuse",
    "texts",
]
