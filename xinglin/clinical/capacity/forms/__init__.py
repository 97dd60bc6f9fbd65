"""What a person types about capacity: form and kind only; the actions judge."""

from xinglin.clinical.capacity.forms.booking import (
    BookForm,
    DayForm,
    FindForm,
    NoteForm,
    ReasonForm,
    WaitForm,
)
from xinglin.clinical.capacity.forms.keeping import (
    CloseForm,
    EndForm,
    HoursFormSet,
    ScheduleForm,
    SubstituteForm,
    WeekForm,
    hours_of,
    sessions_of,
)

__all__ = [
    "BookForm",
    "CloseForm",
    "DayForm",
    "EndForm",
    "FindForm",
    "HoursFormSet",
    "NoteForm",
    "ReasonForm",
    "ScheduleForm",
    "SubstituteForm",
    "WaitForm",
    "WeekForm",
    "hours_of",
    "sessions_of",
]
