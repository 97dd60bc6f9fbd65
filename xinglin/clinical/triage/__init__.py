"""Where a patient should be treated: advice by rule, triage at the desk, what came of it."""
