"""What people type about consent, broken glass and reviews."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.privacy import catalogue, flags
from xinglin.clinical.privacy.models import PARTS, BreakGlass, Consent, Mark
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import CARE_LEVELS, Organisation
from xinglin.registry.people.models import Person
from xinglin.ui.forms import DateInput, Form, ModelForm, SegmentedChoice, TickedChoices


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
    return [("", "—"), *((code, row.label) for code, row in catalogue.reasons.of(group).items())]


class AnswerForm(Form):
    """What the officer has found out."""

    answer = forms.CharField(
        label=_("核查意见"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )


class ConsentForm(ModelForm):
    """What a resident allows or forbids."""

    effect = forms.ChoiceField(
        label=_("意愿"),
        choices=Consent.Effect,
        widget=SegmentedChoice,
        initial=Consent.Effect.PERMIT,
    )
    house = forms.ModelChoiceField(
        label=_("机构"),
        required=False,
        queryset=Organisation.objects.none(),
        empty_label=_("全部成员机构"),
    )
    parts = forms.MultipleChoiceField(
        label=_("范围"),
        required=False,
        choices=lambda: list(PARTS.items()),
        widget=TickedChoices,
        help_text=_("都不选即全部病历"),
    )

    class Meta:
        model = Consent
        fields = ["effect", "house", "parts", "until"]
        widgets = {"until": DateInput}

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        house: Any = self.fields["house"]
        houses = Organisation.objects.visible_to(actor).standing()
        house.queryset = houses.filter(level__in=CARE_LEVELS, outside=False).in_order()
        self.fields["until"].help_text = _("不填即一直有效，可随时撤回")

    def _post_clean(self) -> None:
        """Whether it holds is for the action to say."""

    def consent(self, person: Person) -> Consent:
        """The row that was asked for."""
        told = dict(self.cleaned_data)
        told["parts"] = f",{','.join(told['parts'])}," if told["parts"] else ""
        return Consent(county_id=person.county_id, person=person, **told)


class PaperConsentForm(ConsentForm):
    """The same on paper, as a house writes it down."""

    class Meta(ConsentForm.Meta):
        fields = ["effect", "house", "parts", "until", "signer", "relation"]

    def consent(self, person: Person) -> Consent:
        row = super().consent(person)
        row.method = Consent.Method.PAPER
        return row


class DisputeForm(Form):
    """Why a reading seems wrong to the resident."""

    said = forms.CharField(
        label=_("为什么有疑问"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ProofForm(Form):
    """What the resident shows: six digits, or the card in hand."""

    proof = forms.CharField(
        label=_("授权码或身份证号"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class AccountForm(ProofForm):
    """An account for the resident's own pages."""

    username = forms.CharField(label=_("账号（手机号）"), max_length=60)
    password = forms.CharField(
        label=_("密码"),
        min_length=8,
        max_length=100,
        help_text=_("至少 8 位，由居民自己输入"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class ReadingFilterForm(Form):
    """What the list of readings is narrowed by."""

    since = forms.DateField(label=_("自"), required=False, widget=DateInput)
    until = forms.DateField(label=_("至"), required=False, widget=DateInput)
    who = forms.CharField(label=_("查阅人"), required=False, max_length=50)
    patient = forms.CharField(label=_("居民姓名"), required=False, max_length=50)
    house = forms.ModelChoiceField(
        label=_("机构"),
        required=False,
        queryset=Organisation.objects.none(),
        empty_label=_("全部"),
    )
    kind = forms.ChoiceField(
        label=_("结果"),
        required=False,
        choices=[("", _("全部")), ("read", _("查阅")), ("refused", _("拒绝查阅"))],
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        house: Any = self.fields["house"]
        house.queryset = Organisation.objects.visible_to(actor).in_order()


class FlagFilterForm(Form):
    """What the list of flags is narrowed by."""

    flag = forms.ChoiceField(
        label=_("异常"),
        required=False,
        choices=lambda: [("", _("全部")), *flags.FLAGS.items()],
    )
    since = forms.DateField(label=_("自"), required=False, widget=DateInput)
    until = forms.DateField(label=_("至"), required=False, widget=DateInput)
    open = forms.BooleanField(label=_("只看未处理"), required=False)


class MarkForm(Form):
    """What has been made of a flag."""

    key = forms.CharField(max_length=150)
    verdict = forms.ChoiceField(choices=Mark.Verdict)
    note = forms.CharField(required=False, max_length=300)


class WatchForm(Form):
    """Why every reading of a person is to be flagged."""

    reason = forms.ChoiceField(label=_("关注原因"), choices=lambda: _coded("vip"))
