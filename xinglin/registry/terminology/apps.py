from django.apps import AppConfig


class TerminologyConfig(AppConfig):
    name = "xinglin.registry.terminology"
    label = "terminology"
    verbose_name = "术语与编码"
