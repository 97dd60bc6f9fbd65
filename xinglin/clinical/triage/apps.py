from django.apps import AppConfig


class TriageConfig(AppConfig):
    name = "xinglin.clinical.triage"
    label = "triage"
