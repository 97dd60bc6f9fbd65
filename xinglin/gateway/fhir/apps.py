from django.apps import AppConfig


class FhirConfig(AppConfig):
    name = "xinglin.gateway.fhir"
    label = "fhir"
