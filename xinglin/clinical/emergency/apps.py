from uuid import UUID

from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class EmergencyConfig(AppConfig):
    name = "xinglin.clinical.emergency"
    label = "emergency"

    def ready(self) -> None:
        from xinglin.clinical.emergency import (  # noqa: F401
            catalogue,
            listeners,
            permissions,
            portrait,
        )
        from xinglin.clinical.record.portrait import contribute
        from xinglin.clinical.triage.models import Assessment, Outcome
        from xinglin.clinical.triage.onward import lead
        from xinglin.kernel import inbox

        contribute("emergency", portrait.CONTRIBUTION)

        def case_for(assessment: Assessment) -> str:
            told = f"person={assessment.person_id}&kind={assessment.channel}"
            return f"{reverse('emergency:new')}?{told}"

        for kind in catalogue.kinds():
            lead(Outcome.EMERGENCY, case_for, channel=kind)

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
