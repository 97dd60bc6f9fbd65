"""What people type about consent, broken glass and reviews."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.privacy import catalogue
from xinglin.clinical.privacy.models import BreakGlass
from xinglin.ui.forms import Form, ModelForm


class GlassForm(ModelForm):
    """Why a record must be opened at once."""

    reason_code = forms.ChoiceField(label=_("原因"))

    class Meta:
        model = BreakGlass
        fields = ["reason_code", "reason"]
        widgets = {"reason": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["reason_code"]
        field.choices = _coded("break-glass")

    def _post_clean(self) -> None:
        """Whether the reason holds is for the action to say."""


def _coded(group: str) -> list[tuple[str, str]]:
    return [("", "—"), *((code, row.label) for code, row in catalogue.reasons(group).items())]


class AnswerForm(Form):
    """What the officer has found out."""

    answer = forms.CharField(
        label=_("核查意见"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
