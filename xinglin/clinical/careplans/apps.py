from uuid import UUID

from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class CareplansConfig(AppConfig):
    name = "xinglin.clinical.careplans"
    label = "careplans"

    def ready(self) -> None:
        from xinglin.clinical.careplans import listeners, permissions, portrait  # noqa: F401
        from xinglin.clinical.record.portrait import contribute
        from xinglin.kernel import inbox

        contribute("careplans", portrait.CONTRIBUTION)

        def page_of(subject_id: UUID) -> str:
            return reverse("careplans:detail", args=[subject_id])

        def page_of_task(subject_id: UUID) -> str:
            return reverse("careplans:task", args=[subject_id])

        inbox.register(
            "careplans",
            inbox.Kind(
                label=_("照护计划"),
                icon="clipboard-heart",
                url=page_of,
                waiting={
                    permissions.ANSWER.code: _("待答复计划"),
                    permissions.SETTLE.code: _("待商定计划"),
                    permissions.EVALUATE.code: _("待评估计划"),
                },
            ),
        )
        inbox.register(
            "careplans.task",
            inbox.Kind(
                label=_("照护任务"),
                icon="checklist",
                url=page_of_task,
                waiting={permissions.DO.code: _("待完成任务")},
            ),
        )
