from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "xinglin.gateway"
    label = "gateway"
