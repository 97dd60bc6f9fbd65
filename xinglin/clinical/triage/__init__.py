"""Where a patient should be treated: advice by rule, pre-examination triage, and what came of it."""
