from django.apps import AppConfig


class CapacityConfig(AppConfig):
    name = "xinglin.clinical.capacity"
    label = "capacity"

    def ready(self) -> None:
        from xinglin.clinical.capacity.listeners import beds  # noqa: F401
        from xinglin.clinical.capacity.permissions import beds as bed_permissions  # noqa: F401
