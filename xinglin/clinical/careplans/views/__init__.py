"""The person's door to care plans."""

from xinglin.clinical.careplans.views.answering import answer, settle
from xinglin.clinical.careplans.views.doing import skip, task, today
from xinglin.clinical.careplans.views.reading import act, detail, listing
from xinglin.clinical.careplans.views.writing import revise

__all__ = [
    "act",
    "answer",
    "detail",
    "listing",
    "revise",
    "settle",
    "skip",
    "task",
    "today",
]
