from uuid import UUID

from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class AgreementsConfig(AppConfig):
    name = "xinglin.registry.agreements"
    label = "agreements"

    def ready(self) -> None:
        from xinglin.kernel import inbox
        from xinglin.registry.agreements import listeners, permissions  # noqa: F401

        def page_of(subject_id: UUID) -> str:
            return reverse("agreements:detail", args=[subject_id])

        inbox.register(
            "agreement",
            inbox.Kind(
                label=_("机构协议"),
                icon="file-text",
                url=page_of,
                waiting={
                    permissions.SIGN.code: _("待签署"),
                    permissions.RENEW.code: _("即将到期"),
                },
            ),
        )
