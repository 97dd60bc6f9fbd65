"""The people's door of triage."""

from xinglin.clinical.triage.views.beside import decide, panel, visit
from xinglin.clinical.triage.views.counting import assessment, assessments, statistics
from xinglin.clinical.triage.views.desk import desk, leave, level, new, see
from xinglin.clinical.triage.views.reading import rules, try_out

__all__ = [
    "assessment",
    "assessments",
    "decide",
    "desk",
    "leave",
    "level",
    "new",
    "panel",
    "rules",
    "see",
    "statistics",
    "try_out",
    "visit",
]
