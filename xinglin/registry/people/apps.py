from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "xinglin.registry.people"
    label = "people"
