from uuid import UUID

from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    name = "xinglin.registry.people"
    label = "people"

    def ready(self) -> None:
        from xinglin.kernel import inbox
        from xinglin.registry.people import duplicates, listeners, permissions  # noqa: F401

        def page_of(subject_id: UUID) -> str:
            return reverse("people:review", args=[subject_id])

        inbox.register(
            "match-review",
            inbox.Kind(
                label=_("疑似重复"),
                icon="users",
                url=page_of,
                waiting={permissions.REVIEW.code: _("待核对")},
            ),
        )
