"""The person's door to the record."""

from xinglin.clinical.record.views.medicines import reconcile
from xinglin.clinical.record.views.own import my_record
from xinglin.clinical.record.views.paper import life, summary
from xinglin.clinical.record.views.portrait import person
from xinglin.clinical.record.views.reading import document, encounter
from xinglin.clinical.record.views.trends import trends
from xinglin.clinical.record.views.writing import (
    add,
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
    "describe",
    "document",
    "encounter",
    "end",
    "file_document",
    "life",
    "measure",
    "my_record",
    "person",
    "reconcile",
    "start",
    "stop",
    "summary",
    "trends",
    "unlock",
    "void",
]
