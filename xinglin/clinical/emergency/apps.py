from uuid import UUID

from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class EmergencyConfig(AppConfig):
    name = "xinglin.clinical.emergency"
    label = "emergency"

    def ready(self) -> None:
        from xinglin.clinical.emergency import listeners, permissions, portrait  # noqa: F401
        from xinglin.clinical.record.portrait import contribute
        from xinglin.kernel import inbox

        contribute("emergency", portrait.tell)

        def page_of(subject_id: UUID) -> str:
            return reverse("emergency:detail", args=[subject_id])

        inbox.register(
            "emergency",
            inbox.Kind(
                label=_("绿色通道"),
                icon="urgent",
                url=page_of,
                waiting={
                    permissions.CONFIRM.code: _("待确认接收"),
                    permissions.STAMP.code: _("待登记时间节点"),
                },
            ),
        )
