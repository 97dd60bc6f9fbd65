"""Every write into the record: visits, facts, corrections, covers, documents."""

from xinglin.clinical.record.actions.checking import WrongDates, check
from xinglin.clinical.record.actions.correcting import (
    inside,
    renew,
    replace,
    take_in,
    told_anew,
    void,
    withdraw,
)
from xinglin.clinical.record.actions.covers import (
    KnownCover,
    close_cover,
    open_cover,
    reopen_cover,
    take_in_cover,
)
from xinglin.clinical.record.actions.documents import (
    WrongFile,
    attach,
    file_document,
    file_front_page,
    file_summary,
)
from xinglin.clinical.record.actions.reconciling import Taken, reconcile
from xinglin.clinical.record.actions.writing import (
    describe_encounter,
    end_encounter,
    link_diagnosis,
    measure,
    note,
    report,
    start_encounter,
    stop_medication,
    vouch,
)

__all__ = [
    "KnownCover",
    "Taken",
    "WrongDates",
    "WrongFile",
    "attach",
    "check",
    "close_cover",
    "describe_encounter",
    "end_encounter",
    "file_document",
    "file_front_page",
    "file_summary",
    "inside",
    "link_diagnosis",
    "measure",
    "note",
    "open_cover",
    "reconcile",
    "renew",
    "reopen_cover",
    "replace",
    "report",
    "start_encounter",
    "stop_medication",
    "take_in",
    "take_in_cover",
    "told_anew",
    "void",
    "vouch",
    "withdraw",
]
