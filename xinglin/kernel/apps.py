from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "xinglin.kernel"
    label = "kernel"

    def ready(self) -> None:
        from xinglin.kernel import lookups  # noqa: F401  registers the prefix lookup
