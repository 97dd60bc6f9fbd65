"""What a person types about a resident."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import Level, Organisation, tree
from xinglin.registry.people import rules
from xinglin.registry.people.models import Identifier, MatchReview, Person, Sex
from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.forms import (
    CodeInput,
    DateInput,
    Form,
    ModelForm,
    PersonPicker,
    SegmentedChoice,
)

# Houses that keep the health records of the people around them.
KEEPERS = (Level.VILLAGE, Level.TOWNSHIP)


class FilterForm(Form):
    """One box: everything a person can be found by."""

    q = forms.CharField(
        label=_("姓名、拼音、电话或证件号"),
        required=False,
        max_length=64,
        widget=forms.SearchInput(attrs={"autofocus": True}),
    )


class PersonForm(ModelForm):
    """A resident; the card comes first, for it tells the date of birth and the sex."""

    # Longer than the numbers themselves: spaces are put right by the action.
    id_number = forms.CharField(label=_("身份证件号码"), required=False, max_length=40)
    health_record_no = forms.CharField(label=_("居民健康档案编号"), required=False, max_length=40)
    phone = forms.CharField(label=_("电话"), required=False, max_length=40, widget=forms.TelInput)
    contact_phone = forms.CharField(
        label=_("联系人电话"), required=False, max_length=40, widget=forms.TelInput
    )
    sex = forms.ChoiceField(
        label=_("性别"), choices=Sex, widget=SegmentedChoice, initial=Sex.UNKNOWN
    )
    id_type = forms.ChoiceField(label=_("证件类别"), required=False, initial=rules.ID_CARD)
    ethnicity = forms.ChoiceField(label=_("民族"), required=False)
    payment_type = forms.ChoiceField(label=_("医疗费用来源"), required=False)
    # Somebody new-born has none; then it is made of the mother's.
    name = forms.CharField(label=_("姓名"), required=False, max_length=50)
    birth_certificate = forms.CharField(label=_("出生医学证明编号"), required=False, max_length=40)
    checked = forms.ChoiceField(label=_("确认是新居民的依据"), required=False)

    class Meta:
        model = Person
        fields = [
            "id_type",
            "id_number",
            "name",
            "sex",
            "birth_date",
            "phone",
            "contact_name",
            "contact_phone",
            "township",
            "village",
            "address_detail",
            "managed_by",
            "payment_type",
            "ethnicity",
            "health_record_no",
            "province",
            "city",
            "district",
            "mother",
            "birth_order",
        ]
        widgets = {"birth_date": DateInput}

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, system in (
            ("id_type", "id-type"),
            ("ethnicity", "ethnicity"),
            ("payment_type", "payment-type"),
            ("checked", "new-person-reason"),
        ):
            field: Any = self.fields[name]
            field.choices = [("", "—"), *terminology.choices(system)]
        keeper: Any = self.fields["managed_by"]
        keeper.queryset = Organisation.objects.visible_to(actor).standing()
        keeper.widget = CodeInput(
            f"{reverse_lazy('organisations:options')}?levels={','.join(KEEPERS)}", show_code=False
        )
        keeper.widget.name_by(lambda value: tree.name(_known(keeper, value)))
        keeper.error_messages["invalid_choice"] = _("请从列表中选择管理机构。")
        mother: Any = self.fields["mother"]
        mother.queryset = Person.objects.visible_to(actor)
        mother.widget = PersonPicker(reverse_lazy("people:options"))
        mother.widget.name_by(lambda value: str(_known(mother, value, whole=True) or ""))
        mother.error_messages["invalid_choice"] = _("请从列表中选择母亲。")
        mother.help_text = _("未取名的新生儿只填母亲，姓名由系统暂拟，如“张丽之子”")
        self.fields["birth_order"].help_text = _("双胞胎或多胞胎填 1、2、3，单胎不填")
        if not self.instance._state.adding:
            del self.fields["birth_certificate"], self.fields["checked"]
        self.fields["managed_by"].help_text = _("管理其健康档案的卫生院或卫生室")
        self.fields["id_number"].widget.attrs |= {
            "autocomplete": "off",
            "hx-post": str(reverse_lazy("people:card")),
            "hx-trigger": "change",
            "hx-target": "#from-card",
            "hx-push-url": "false",
        }
        house = tree.get(actor.org_id)
        if self.instance._state.adding and house is not None and house.level in KEEPERS:
            self.initial.setdefault("managed_by", house.pk)

    def facts(self) -> dict[str, Any]:
        """What was typed about the resident."""
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}

    def numbers(self) -> list[Identifier]:
        """The numbers of other issuers that were typed along."""
        value = self.cleaned_data["birth_certificate"]
        return [Identifier(kind=Identifier.Kind.BIRTH, value=value)] if value else []

    def why_new(self) -> str:
        """Why this is somebody new, although somebody registered resembles them."""
        code = self.cleaned_data["checked"]
        return terminology.require("new-person-reason", code).zh if code else ""

    def _post_clean(self) -> None:
        """Whether the facts hold is for the action to say."""


def _known(field: Any, value: Any, *, whole: bool = False) -> Any:
    try:
        found = field.to_python(value)
    except forms.ValidationError:
        return None
    return (found if whole else found.pk) if found else None


class IdentifierForm(ModelForm):
    """A number by which an issuer knows the resident."""

    class Meta:
        model = Identifier
        fields = ["kind", "value", "issuer"]

    def _post_clean(self) -> None:
        """Whether the facts hold is for the action to say."""


class DeathForm(Form):
    """The day of death."""

    died_on = forms.DateField(label=_("死亡日期"), widget=DateInput, initial=timezone.localdate)


class VoidForm(Form):
    """Why a registration is struck out: from the list, with words where the list is short."""

    reason = forms.ChoiceField(label=_("作废原因"))
    note = forms.CharField(label=_("说明"), required=False, max_length=150)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["reason"]
        field.choices = [("", "—"), *terminology.choices("void-reason")]

    def words(self) -> str:
        """The reason as the record keeps it."""
        label = terminology.require("void-reason", self.cleaned_data["reason"]).zh
        return "：".join(filter(None, (label, self.cleaned_data["note"].strip())))


class ReviewForm(Form):
    """What a pair of registrations is judged to be, and on what ground."""

    decision = forms.ChoiceField(
        label=_("结论"),
        choices=[
            ("first", _("同一人，保留左边")),
            ("second", _("同一人，保留右边")),
            ("different", _("不是同一人")),
            ("wait", _("暂时不能定")),
        ],
        widget=SegmentedChoice,
        help_text=_("判定不是同一人的，以后不再提示"),
    )
    reason = forms.CharField(
        label=_("判断依据"),
        max_length=200,
        help_text=_("如：已核对身份证；电话联系本人；户口簿上是兄弟"),
    )

    def __init__(self, *args: Any, may_merge: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_merge:
            field: Any = self.fields["decision"]
            field.choices = field.choices[2:]


class UnmergeForm(Form):
    """Why two who were made one are two."""

    reason = forms.CharField(label=_("撤销原因"), max_length=200)


class ReviewFilterForm(Form):
    """Which pairs are listed."""

    state = forms.ChoiceField(
        label=_("状态"),
        required=False,
        choices=[("", _("待核对与暂不能定")), ("done", _("已有结论"))],
    )
    source = forms.ChoiceField(
        label=_("来源"), required=False, choices=[("", _("全部")), *MatchReview.Source.choices]
    )
