"""What a person types about orders: form and kind only; the action judges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django import forms
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from xinglin.clinical.orders import catalogue
from xinglin.clinical.orders.models import UNITS, Done, Execution, Kind, Order, Term, said_unit
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.staff import catalogue as staff
from xinglin.registry.staff.models import Post
from xinglin.ui.forms import CodeInput, DateTimeInput, Form, NumberInput, SegmentedChoice

# Pairs of a title and field names, as the forms of the house take them.
Sections = Sequence[tuple[Any, Sequence[str]]]


def _minute() -> Any:
    return timezone.localtime().replace(second=0, microsecond=0)


def _named(code: Any) -> str:
    """The name of a drug or an item; words written by hand are their own name."""
    found: Any = catalogue.drugs().get(str(code)) or catalogue.items().get(str(code))
    return found.label if found else str(code or "")


def colleagues(house: Organisation, besides: str) -> list[tuple[str, str]]:
    """Who at the house can be the second pair of eyes."""
    roles = [
        role.code
        for role in staff.roles().values()
        if role.permissions & {"orders.give", "orders.sign"}
    ]
    posts = Post.objects.filter(organisation=house, role__in=roles).select_related("practitioner")
    names = {post.practitioner.name: post.role_label for post in posts if post.in_force()}
    return [("", "—")] + [
        (name, f"{name}（{role}）") for name, role in names.items() if name != besides
    ]


class OrderForm(Form):
    """One order: three characters of a name bring the rest, and a tap writes it down."""

    code = forms.CharField(
        label=gettext_lazy("药品或项目"),
        max_length=200,
        widget=CodeInput(reverse_lazy("orders:search"), named=_named, show_code=False),
    )
    term = forms.ChoiceField(
        label=gettext_lazy("医嘱类型"), choices=Term, widget=SegmentedChoice, initial=Term.LONG
    )
    dose_value = forms.DecimalField(
        label=gettext_lazy("每次剂量"),
        required=False,
        widget=NumberInput(attrs={"step": "any"}),
        max_digits=12,
        decimal_places=4,
    )
    dose_unit = forms.ChoiceField(label=gettext_lazy("剂量单位"), required=False)
    route = forms.ChoiceField(label=gettext_lazy("用法"), required=False)
    frequency = forms.ChoiceField(label=gettext_lazy("频次"), required=False)
    join = forms.ChoiceField(label=gettext_lazy("成组"), required=False)
    instruction = forms.CharField(label=gettext_lazy("嘱托"), required=False, max_length=200)
    emergency = forms.BooleanField(label=pgettext_lazy("order", "急"), required=False)
    exempt = forms.BooleanField(label=gettext_lazy("续用免皮试"), required=False)
    start_at = forms.DateTimeField(
        label=gettext_lazy("开始时间"), widget=DateTimeInput, required=False
    )
    planned_end = forms.DateTimeField(
        label=gettext_lazy("计划停止时间"), widget=DateTimeInput, required=False
    )
    days = forms.IntegerField(
        label=gettext_lazy("天数"), required=False, widget=NumberInput, max_value=999
    )
    quantity = forms.DecimalField(
        label=gettext_lazy("总量"),
        required=False,
        max_digits=8,
        decimal_places=2,
        widget=NumberInput(attrs={"step": "any"}),
    )
    quantity_unit = forms.CharField(label=gettext_lazy("总量单位"), required=False, max_length=10)
    kind = forms.ChoiceField(
        label=gettext_lazy("类别（手写内容时选）"), choices=Kind, required=False, initial=Kind.DRUG
    )
    sections: ClassVar[Sections] = (
        ("", ("code", "term", "dose_value", "dose_unit", "route", "frequency")),
        ("", ("join", "instruction", "emergency", "exempt")),
        (
            gettext_lazy("时间、带药天数与其他"),
            ("start_at", "planned_end", "days", "quantity", "quantity_unit", "kind"),
        ),
    )
    folded = (gettext_lazy("时间、带药天数与其他"),)

    def __init__(self, *args: Any, drips: Iterable[Order] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: dict[str, list[tuple[str, str]]] = {
            "dose_unit": [("", "—"), *((unit, said_unit(unit)) for unit in UNITS)],
            "route": [("", "—"), *catalogue.choices(catalogue.routes())],
            "frequency": [("", "—"), *catalogue.choices(catalogue.frequencies())],
            "join": [
                ("", _("不成组")),
                *((str(o.pk), _("与%(order)s同组") % {"order": o}) for o in drips),
            ],
        }
        for name, found in choices.items():
            field: Any = self.fields[name]
            field.choices = found
        if len(choices["join"]) == 1:
            del self.fields["join"]

    def facts(self) -> dict[str, Any]:
        """The order's own fields; a code tells the kind, other words are a name."""
        given = dict(self.cleaned_data)
        given.pop("join", None)
        exempt = given.pop("exempt")
        written = given.pop("code").strip()
        item = catalogue.items().get(written)
        if written in catalogue.drugs():
            given |= {"kind": Kind.DRUG, "code": written}
        elif item is not None:
            given |= {"kind": Kind(item.kind), "code": written}
        else:
            given |= {"kind": given["kind"] or Kind.DRUG, "code": "", "name": written}
        if exempt:
            given["skin_test"] = "exempt"
        if given["start_at"] is None:
            del given["start_at"]
        return given


class VerbalForm(OrderForm):
    """What a doctor orders by word of mouth, written down by whoever hears it."""

    ordered_by = forms.ChoiceField(label=gettext_lazy("下达医生"))
    sections: ClassVar[Sections] = (
        ("", ("ordered_by", "code", "dose_value", "dose_unit", "route", "frequency")),
        ("", ("instruction",)),
    )

    def __init__(self, house: Organisation, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in (
            *("term", "join", "emergency", "exempt", "start_at", "planned_end", "days"),
            *("quantity", "quantity_unit", "kind"),
        ):
            self.fields.pop(name, None)
        field: Any = self.fields["ordered_by"]
        field.choices = doctors(house)

    def facts(self) -> dict[str, Any]:
        self.cleaned_data |= {"exempt": False, "kind": Kind.DRUG, "start_at": None}
        return super().facts() | {"term": Term.TEMPORARY}


def doctors(house: Organisation) -> list[tuple[str, str]]:
    """Who at the house signs orders."""
    roles = [r.code for r in staff.roles().values() if "orders.sign" in r.permissions]
    posts = Post.objects.filter(organisation=house, role__in=roles).select_related("practitioner")
    names = {post.practitioner.name for post in posts if post.in_force()}
    return [("", "—"), *((name, name) for name in sorted(names))]


class SignForm(Form):
    """The doctor's reason where the check warned."""

    override = forms.CharField(
        label=gettext_lazy("坚持用药理由"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("仅在系统提示时填写，药师会看到"),
    )


class NoForm(Form):
    """An act that needs no words."""


class ReasonForm(Form):
    """A coded reason, with words where it asks for them."""

    code = forms.ChoiceField(label=gettext_lazy("原因"))
    text = forms.CharField(label=gettext_lazy("说明"), required=False, max_length=200)

    def __init__(self, group: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["code"]
        field.choices = [("", "—"), *catalogue.choices(catalogue.reasons.of(group))]


class TimeForm(Form):
    """One of an order's times."""

    execution = forms.ModelChoiceField(
        label=gettext_lazy("应执行时间"), queryset=Execution.objects.none(), required=False
    )

    def __init__(self, order: Order, state: Iterable[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["execution"]
        rows = Execution.objects.filter(order=order, state__in=list(state), voided_at=None)
        field.queryset = rows.order_by("due_at")
        field.label_from_instance = lambda row: (
            f"{timezone.localtime(row.due_at):%m-%d %H:%M} {row.get_state_display()}"
        )
        field.required = order.how_often.kind != "need" or order.term == Term.TAKE_HOME
        first = field.queryset.first()
        if first is not None:
            field.initial = first.pk
        if not field.required:
            del self.fields["execution"]


class GiveForm(TimeForm):
    """What was done, when, how much, with whom."""

    given_at = forms.DateTimeField(
        label=gettext_lazy("执行时间"), widget=DateTimeInput, initial=_minute
    )
    amount = forms.DecimalField(
        label=gettext_lazy("实际剂量"),
        required=False,
        widget=NumberInput(attrs={"step": "any"}),
        max_digits=12,
        decimal_places=4,
    )
    second = forms.ChoiceField(label=gettext_lazy("核对人"), required=False)
    note = forms.CharField(label=gettext_lazy("备注"), required=False, max_length=200)

    def __init__(self, order: Order, besides: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(order, (Done.DUE,), *args, **kwargs)
        second: Any = self.fields["second"]
        second.choices = colleagues(order.organisation, besides)
        second.required = order.high_alert
        if order.dose_value is None:
            del self.fields["amount"]
        else:
            self.fields["amount"].initial = order.dose_value.normalize()
            self.fields["amount"].help_text = said_unit(order.dose_unit)


class OmitForm(TimeForm):
    """What was not done, and why."""

    reason = forms.ChoiceField(label=gettext_lazy("未执行原因"))
    note = forms.CharField(label=gettext_lazy("备注"), required=False, max_length=200)

    def __init__(self, order: Order, *args: Any, **kwargs: Any) -> None:
        super().__init__(order, (Done.DUE,), *args, **kwargs)
        field: Any = self.fields["reason"]
        field.choices = [("", "—"), *catalogue.choices(catalogue.reasons.of("omit"))]


class StrikeForm(TimeForm):
    """What was noted by mistake, and why it is struck out."""

    reason = forms.ChoiceField(label=gettext_lazy("原因"))
    text = forms.CharField(label=gettext_lazy("说明"), required=False, max_length=200)

    def __init__(self, order: Order, *args: Any, **kwargs: Any) -> None:
        super().__init__(order, (Done.GIVEN, Done.OMITTED), *args, **kwargs)
        field: Any = self.fields["reason"]
        field.choices = [("", "—"), *catalogue.choices(catalogue.reasons.of("void"))]


class SkinTestForm(Form):
    """What the skin shows after twenty minutes, read by two."""

    result = forms.ChoiceField(
        label=gettext_lazy("皮试结果"),
        choices=[("negative", gettext_lazy("阴性")), ("positive", gettext_lazy("阳性"))],
        widget=SegmentedChoice,
    )
    second = forms.ChoiceField(label=gettext_lazy("另一名判读人"))

    def __init__(self, order: Order, besides: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["second"]
        field.choices = colleagues(order.organisation, besides)


ACT_FORMS = (
    *("sign", "review", "send-back", "second", "check", "skin-test", "give", "omit"),
    *("stop", "check-stop", "keep", "cancel", "void", "strike"),
)
REASONS = {"send-back": "send-back", "stop": "stop", "cancel": "cancel", "void": "void"}


def act_form(name: str, actor_name: str, order: Order, data: Any = None) -> Form:
    """The form of an act on an order."""
    kept: dict[str, Any] = {"prefix": name}
    if name in REASONS:
        return ReasonForm(REASONS[name], data, **kept)
    if name == "sign":
        return SignForm(data, **kept)
    if name == "give":
        return GiveForm(order, actor_name, data, **kept)
    if name == "omit":
        return OmitForm(order, data, **kept)
    if name == "strike":
        return StrikeForm(order, data, **kept)
    if name == "skin-test":
        return SkinTestForm(order, actor_name, data, **kept)
    return NoForm(data, **kept)


class SetForm(Form):
    """Which order set."""

    code = forms.ChoiceField(label=gettext_lazy("套餐"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["code"]
        field.choices = catalogue.choices(catalogue.sets())


class WardForm(Form):
    """What the ward list is narrowed by."""

    q = forms.CharField(label=gettext_lazy("姓名"), required=False, max_length=50)
