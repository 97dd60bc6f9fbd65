from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "xinglin.gateway.imports"
    label = "imports"

    def ready(self) -> None:
        from xinglin.gateway.imports import work

        assert work.KIND
