from uuid import UUID

from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class TriageConfig(AppConfig):
    name = "xinglin.clinical.triage"
    label = "triage"

    def ready(self) -> None:
        from xinglin.clinical.record.beside import Place, offer
        from xinglin.clinical.triage import listeners, permissions  # noqa: F401
        from xinglin.clinical.triage.beside import panel_of, then
        from xinglin.kernel import inbox

        offer(
            "triage",
            Place(label=_("分诊建议"), panel=panel_of, verb=_("保存并处理建议"), then=then),
        )

        def page_of(subject_id: UUID) -> str:
            return f"{reverse('triage:desk')}#desk-{subject_id}"

        inbox.register(
            "triage",
            inbox.Kind(
                label=_("预检分诊"),
                icon="first-aid-kit",
                url=page_of,
                waiting={permissions.SEE.code: _("待接诊")},
            ),
        )
