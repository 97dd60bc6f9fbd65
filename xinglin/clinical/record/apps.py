from django.apps import AppConfig


class RecordConfig(AppConfig):
    name = "xinglin.clinical.record"
    label = "record"
