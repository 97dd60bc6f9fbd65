from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "xinglin.registry.staff"
    label = "staff"
