from uuid import UUID

from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    name = "xinglin.clinical.orders"
    label = "orders"

    def ready(self) -> None:
        from xinglin.clinical.orders import listeners, permissions, portrait  # noqa: F401
        from xinglin.clinical.record.portrait import contribute
        from xinglin.kernel import inbox

        contribute("orders", portrait.CONTRIBUTION)

        def page_of(subject_id: UUID) -> str:
            return reverse("orders:detail", args=[subject_id])

        inbox.register(
            "orders",
            inbox.Kind(
                label=_("医嘱"),
                icon="clipboard-list",
                url=page_of,
                waiting={
                    permissions.SIGN.code: _("待签署"),
                    permissions.REVIEW.code: _("待审方"),
                    permissions.SECOND.code: _("待医师复核"),
                    permissions.CHECK.code: _("待核对"),
                    permissions.GIVE.code: _("待执行"),
                    permissions.CHECK_STOP.code: _("待核对停嘱"),
                    permissions.KEEP.code: _("待复核"),
                },
            ),
        )
