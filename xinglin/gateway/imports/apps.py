from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "xinglin.gateway.imports"
    label = "imports"
