"""Pure calculation of triage: no database, no clock.

`advise(case, house)` answers where a patient is to be treated; `grade(case)` how long the patient
may wait at the desk. Both take whatever is known and never guess the rest.
"""
