from uuid import UUID

from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class CapacityConfig(AppConfig):
    name = "xinglin.clinical.capacity"
    label = "capacity"

    def ready(self) -> None:
        from xinglin.clinical.capacity import listeners, permissions  # noqa: F401
        from xinglin.kernel import inbox

        def page_of(subject_id: UUID) -> str:
            return reverse("capacity:booking", args=[subject_id])

        def line_of(subject_id: UUID) -> str:
            return f"{reverse('capacity:waiting')}#w-{subject_id}"

        inbox.register(
            "booking",
            inbox.Kind(
                label=_("预约"),
                icon="calendar",
                url=page_of,
                waiting={permissions.MOVE.code: _("停诊待改约")},
            ),
        )
        inbox.register(
            "waiting",
            inbox.Kind(
                label=_("候补"),
                icon="hourglass",
                url=line_of,
                waiting={permissions.CONFIRM.code: _("有号待确认")},
            ),
        )
        from xinglin.clinical.capacity.listeners import beds  # noqa: F401
        from xinglin.clinical.capacity.permissions import beds as bed_permissions  # noqa: F401
