"""The person's door to the record."""

from xinglin.clinical.record.views.covers import (
    close_cover,
    correct_cover,
    cover,
    open_cover,
    reopen_cover,
)
from xinglin.clinical.record.views.facts import (
    add,
    add_alone,
    correct,
    panels,
    panels_alone,
    results,
    results_alone,
)
from xinglin.clinical.record.views.papers import document, file_front_page, file_summary
from xinglin.clinical.record.views.reading import encounter, paper, person
from xinglin.clinical.record.views.writing import (
    describe,
    end,
    file_document,
    measure,
    start,
    stop,
    void,
)

__all__ = [
    "add",
    "add_alone",
    "close_cover",
    "correct",
    "correct_cover",
    "cover",
    "describe",
    "document",
    "encounter",
    "end",
    "file_document",
    "file_front_page",
    "file_summary",
    "measure",
    "open_cover",
    "panels",
    "panels_alone",
    "paper",
    "person",
    "reopen_cover",
    "results",
    "results_alone",
    "start",
    "stop",
    "void",
]
