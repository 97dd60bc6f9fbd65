from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "xinglin.gateway"
    label = "gateway"

    def ready(self) -> None:
        from xinglin.gateway import actions, idempotency  # noqa: F401  the purging clock
