"""What a person writes into the record."""

from xinglin.clinical.record.forms.cover import CloseForm, CoverForm
from xinglin.clinical.record.forms.facts import (
    AllergyForm,
    Correcting,
    DiagnosisForm,
    FamilyHistoryForm,
    ImmunizationForm,
    MedicationForm,
    PanelForm,
    ProblemForm,
    ProcedureForm,
    ResultForm,
)
from xinglin.clinical.record.forms.visiting import (
    DescribeForm,
    DocumentForm,
    EndForm,
    FrontPageForm,
    StartForm,
    StopForm,
    SummaryForm,
    TimelineForm,
    VitalsForm,
    VoidForm,
)

__all__ = [
    "AllergyForm",
    "CloseForm",
    "Correcting",
    "CoverForm",
    "DescribeForm",
    "DiagnosisForm",
    "DocumentForm",
    "EndForm",
    "FamilyHistoryForm",
    "FrontPageForm",
    "ImmunizationForm",
    "MedicationForm",
    "PanelForm",
    "ProblemForm",
    "ProcedureForm",
    "ResultForm",
    "StartForm",
    "StopForm",
    "SummaryForm",
    "TimelineForm",
    "VitalsForm",
    "VoidForm",
]
