"""The FHIR door `/fhir/…`: R4 resources read and searched by other systems."""
