from uuid import UUID

from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class PrivacyConfig(AppConfig):
    name = "xinglin.clinical.privacy"
    label = "privacy"

    def ready(self) -> None:
        from xinglin.clinical.privacy import permissions
        from xinglin.kernel import inbox

        def page_of(subject_id: UUID) -> str:
            return reverse("privacy:review", args=[subject_id])

        inbox.register(
            "privacy-review",
            inbox.Kind(
                label=_("查阅核查"),
                icon="lock",
                url=page_of,
                waiting={permissions.REVIEW.code: _("待核查")},
            ),
        )
