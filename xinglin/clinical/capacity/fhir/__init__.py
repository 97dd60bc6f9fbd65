"""The capacity of houses as FHIR R4."""
