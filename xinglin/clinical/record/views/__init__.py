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
from xinglin.clinical.record.views.medicines import reconcile
from xinglin.clinical.record.views.own import my_record
from xinglin.clinical.record.views.paper import life, summary
from xinglin.clinical.record.views.papers import document, file_front_page, file_summary
from xinglin.clinical.record.views.portrait import person
from xinglin.clinical.record.views.reading import encounter
from xinglin.clinical.record.views.trends import trends
from xinglin.clinical.record.views.writing import (
    describe,
    end,
    file_document,
    measure,
    start,
    stop,
    unlock,
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
    "life",
    "measure",
    "my_record",
    "open_cover",
    "panels",
    "panels_alone",
    "person",
    "reconcile",
    "reopen_cover",
    "results",
    "results_alone",
    "start",
    "stop",
    "summary",
    "trends",
    "unlock",
    "void",
]
