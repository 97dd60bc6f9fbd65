"""The person's door to the record."""

from xinglin.clinical.record.views.reading import (
    document,
    encounter,
    my_record,
    paper,
    person,
)
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
    "measure",
    "my_record",
    "paper",
    "person",
    "start",
    "stop",
    "unlock",
    "void",
]
