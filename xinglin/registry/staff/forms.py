"""What a person types about staff, their posts and accounts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import Department, Level, Organisation
from xinglin.registry.staff import catalogue
from xinglin.registry.staff.models import Practitioner
from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.forms import CodeInput, DateInput, Form, ModelForm

EVERY_LEVEL = f"?levels={','.join(Level.values)}"


def _roles() -> list[tuple[str, str]]:
    return [("", "—"), *((role.code, role.label) for role in catalogue.roles().values())]


class FilterForm(Form):
    """What the list of colleagues is narrowed by."""

    q = forms.CharField(label=_("姓名或工号"), required=False, widget=forms.SearchInput)
    house = forms.ModelChoiceField(
        label=_("机构（含下级）"),
        required=False,
        queryset=Organisation.objects.none(),
        widget=CodeInput("", show_code=False),
    )
    role = forms.ChoiceField(label=_("岗位角色"), required=False, choices=_roles)

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        house: Any = self.fields["house"]
        house.queryset = Organisation.objects.visible_to(actor)
        house.widget.url = f"{reverse_lazy('organisations:options')}{EVERY_LEVEL}"


class PractitionerForm(ModelForm):
    """A member of staff."""

    sex = forms.ChoiceField(label=_("性别"), required=False)
    id_number = forms.CharField(label=_("身份证号码"), required=False, max_length=40)
    phone = forms.CharField(label=_("电话"), required=False, max_length=40, widget=forms.TelInput)

    class Meta:
        model = Practitioner
        fields = ["name", "code", "sex", "id_number", "phone", "title", "licence_no"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sex: Any = self.fields["sex"]
        sex.choices = [("", "—"), *terminology.choices("sex")]

    def _post_clean(self) -> None:
        """Whether the facts hold is for the action to say."""


class AppointForm(Form):
    """A role at a house, from a day on."""

    organisation = forms.ModelChoiceField(
        label=_("机构"),
        queryset=Organisation.objects.none(),
        widget=CodeInput("", show_code=False),
        error_messages={"invalid_choice": _("请从列表中选择机构。")},
    )
    department = forms.ModelChoiceField(
        label=_("科室"), required=False, queryset=Department.objects.none(), empty_label="—"
    )
    role = forms.ChoiceField(label=_("岗位角色"), choices=_roles)
    since = forms.DateField(label=_("任职起"), widget=DateInput, initial=timezone.localdate)
    until = forms.DateField(label=_("任职止"), required=False, widget=DateInput)

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        house: Any = self.fields["organisation"]
        house.queryset = Organisation.objects.visible_to(actor).standing()
        house.widget.url = f"{reverse_lazy('organisations:options')}{EVERY_LEVEL}"
        department: Any = self.fields["department"]
        department.queryset = (
            Department.objects.visible_to(actor)
            .select_related("organisation")
            .order_by("organisation__path", "code")
        )
        department.label_from_instance = lambda each: f"{each.organisation} · {each.name}"


class DismissForm(Form):
    """The last day of a post."""

    until = forms.DateField(label=_("任职止"), widget=DateInput, initial=timezone.localdate)


class AccountForm(Form):
    """The name and the first password of an account."""

    username = forms.CharField(label=_("账号"), max_length=60)
    password = forms.CharField(
        label=_("初始密码"),
        help_text=_("至少 8 位；请当面告知本人，并提醒首次登录后修改。"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password)
        return password
