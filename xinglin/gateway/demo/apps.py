from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "xinglin.gateway.demo"
    label = "demo"
