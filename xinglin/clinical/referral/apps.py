from uuid import UUID

from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class ReferralConfig(AppConfig):
    name = "xinglin.clinical.referral"
    label = "referral"

    def ready(self) -> None:
        from xinglin.clinical.record.portrait import contribute
        from xinglin.clinical.referral import (  # noqa: F401
            listeners,
            permissions,
            portrait,
            statistics,
        )
        from xinglin.clinical.triage.models import Assessment, Outcome
        from xinglin.clinical.triage.onward import lead
        from xinglin.kernel import inbox
        from xinglin.registry.agreements.models import Kind, counted_by

        contribute("referral", portrait.CONTRIBUTION)
        counted_by(Kind.REFERRAL, statistics.used_under)

        def letter_of(assessment: Assessment) -> str:
            person = f"person={assessment.person_id}"
            return f"{reverse('referral:new')}?{person}&advice={assessment.pk}"

        for outcome in (Outcome.EMERGENCY, Outcome.REFER, Outcome.DOWN):
            lead(outcome, letter_of)

        def page_of(subject_id: UUID) -> str:
            return reverse("referral:detail", args=[subject_id])

        inbox.register(
            "referral",
            inbox.Kind(
                label=_("转诊"),
                icon="arrows-exchange",
                url=page_of,
                waiting={
                    permissions.SUBMIT.code: _("待提交"),
                    permissions.APPROVE.code: _("待转出审核"),
                    permissions.ACCEPT.code: _("待答复"),
                    permissions.ARRANGE.code: _("待协调"),
                    permissions.REDIRECT.code: _("待改转或处理"),
                    permissions.RECEIVE.code: _("待到诊"),
                    permissions.TREAT.code: _("待诊治"),
                    permissions.CLOSE.code: _("待回执"),
                    permissions.FOLLOW_UP.code: _("待随访"),
                },
            ),
        )
