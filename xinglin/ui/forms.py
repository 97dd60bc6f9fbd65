"""Forms: label, required in words, unit, past value, error beside the field and a summary on top.

Derive from `Form` or `ModelForm`; render with `{{ form }}`, one field with
`{{ form.name.as_field_group }}`. Settings need FORM_RENDERER = "xinglin.ui.forms.Renderer".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Model
from django.forms.renderers import TemplatesSetting
from django.forms.utils import ErrorList
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    Named = Callable[[Any], StrOrPromise]

CONTROL = "form-control"


class BoundField(forms.BoundField):
    """A field that also knows its unit and what was written last time."""

    form: Any

    @property
    def unit(self) -> StrOrPromise:
        units: Mapping[str, StrOrPromise] = getattr(self.form, "units", {})
        return units.get(self.name, "")

    @property
    def past(self) -> StrOrPromise:
        past: Mapping[str, StrOrPromise] = getattr(self.form, "past", {})
        return past.get(self.name, "")

    @property
    def wide(self) -> bool:
        """Whether the field needs the whole width of the form."""
        widget = self.field.widget
        if isinstance(widget, (forms.Textarea, CodeInput, SegmentedChoice, forms.FileInput)):
            return True
        if getattr(widget, "wide", False):
            return True
        return isinstance(widget, (forms.RadioSelect, forms.CheckboxSelectMultiple))

    @property
    def must(self) -> bool:
        """Whether to write 必填 beside the label."""
        if self.name in getattr(self.form, "musts", ()):
            return True
        return bool(self.field.required and getattr(self.form, "mark_required", True))

    @property
    def phrases(self) -> Sequence[StrOrPromise]:
        """Words that a tap writes into the field."""
        phrases: Mapping[str, Sequence[StrOrPromise]] = getattr(self.form, "phrases", {})
        return phrases.get(self.name, ())

    @property
    def single_tick(self) -> bool:
        return isinstance(self.field.widget, forms.CheckboxInput)

    def build_widget_attrs(
        self, attrs: Mapping[str, Any], widget: forms.Widget | None = None
    ) -> dict[str, Any]:
        built: dict[str, Any] = super().build_widget_attrs(dict(attrs), widget)
        widget = widget or self.field.widget
        dressed = _class_of(widget)
        if dressed:
            given = widget.attrs.get("class", "")
            invalid = "is-invalid" if self.errors and not widget.is_hidden else ""
            built["class"] = " ".join(filter(None, (dressed, given, invalid)))
        return built


def _class_of(widget: forms.Widget) -> str:
    if isinstance(widget, (forms.RadioSelect, forms.CheckboxSelectMultiple)):
        return "form-check-input"
    if isinstance(widget, forms.CheckboxInput):
        return "form-check-input"
    if isinstance(widget, (forms.Select, forms.SelectMultiple)):
        return "form-select"
    if isinstance(widget, (forms.widgets.Input, forms.Textarea)) and not widget.is_hidden:
        return CONTROL
    return ""


class Renderer(TemplatesSetting):
    """Renders every form of the house by the templates in `ui/forms/`.

    Widgets are Django's own, but for those in `templates/django/forms/widgets/`.
    """

    form_template_name = "ui/forms/form.html"
    field_template_name = "ui/forms/field.html"
    bound_field_class = BoundField


class FieldErrors(ErrorList):
    """The errors beside a field."""

    template_name = "ui/forms/field-errors.html"


class Section(TypedDict):
    title: StrOrPromise
    fields: list[BoundField]
    folded: bool


# The words of Django's validators, and ours for them.
PLAIN_WORDS = {
    "min_value": (MinValueValidator.message, _("不能小于 %(limit_value)s")),
    "max_value": (MaxValueValidator.message, _("不能大于 %(limit_value)s")),
}


class House:
    """What our forms add to Django's.

    `sections`: pairs of a title and field names, in the order people speak; fields not named
    come last. `units`: field name to the unit written beside it. `past`: field name to last
    time's value in words; set it on the instance. `musts`: fields that the act needs though a
    draft may lack them. `phrases`: field name to words that a tap writes. `folded`: titles of
    sections that stay closed until they are wanted.
    """

    sections: ClassVar[Sequence[tuple[StrOrPromise, Sequence[str]]]] = ()
    units: Mapping[str, StrOrPromise] = {}
    past: Mapping[str, StrOrPromise]
    musts: Collection[str] = ()
    phrases: Mapping[str, Sequence[StrOrPromise]] = {}
    folded: Collection[StrOrPromise] = ()
    mark_required: ClassVar[bool] = True  # False where everything is required, as at sign-in
    use_required_attribute = False  # the server says what is missing, in Chinese, for all fields

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("error_class", FieldErrors)
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.past = {}
        self._speak()
        for field in self.fields.values():  # type: ignore[attr-defined]
            if isinstance(field, forms.ModelChoiceField) and isinstance(field.widget, CodeInput):
                field.widget.name_by(_namer(field))

    def _speak(self) -> None:
        """Say what is missing as a person would, where the author did not choose words."""
        for field in self.fields.values():  # type: ignore[attr-defined]
            if (
                field.error_messages.get("required")
                == forms.Field.default_error_messages["required"]
            ):
                choose = isinstance(field, (forms.ChoiceField, forms.ModelChoiceField))
                field.error_messages["required"] = _("请选择") if choose else _("请填写")
                if isinstance(field, forms.BooleanField):
                    field.error_messages["required"] = _("请勾选")

    def add_error(self, field: str | None, error: Any) -> None:
        if isinstance(error, forms.ValidationError) and not hasattr(error, "error_dict"):
            for one in error.error_list:
                words = PLAIN_WORDS.get(str(one.code))
                if words and one.message == words[0]:
                    one.message = words[1]
        super().add_error(field, error)  # type: ignore[misc]

    def in_sections(self) -> Iterator[Section]:
        """The visible fields, grouped as `sections` says."""
        left = {bound.name: bound for bound in self.visible_fields()}  # type: ignore[attr-defined]
        for title, names in self.sections:
            fields = [left.pop(name) for name in names if name in left]
            if fields:
                bad = any(field.errors for field in fields)
                yield {"title": title, "fields": fields, "folded": title in self.folded and not bad}
        if left:
            yield {"title": "", "fields": list(left.values()), "folded": False}


class Form(House, forms.Form):
    """A form in the manner of the house."""


class ModelForm(House, forms.ModelForm):  # type: ignore[type-arg]
    """A model form in the manner of the house."""


def _namer(field: forms.ModelChoiceField[Any]) -> Named:
    def named(value: Any) -> StrOrPromise:
        try:
            found: Model | None = field.to_python(value)
        except forms.ValidationError:
            return ""
        return str(found) if found is not None else ""

    return named


class DateInput(forms.DateInput):
    """The browser's own date picker."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class DateTimeInput(forms.DateTimeInput):
    """The browser's own date and time picker, to the minute."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%H:%M")


class NumberInput(forms.NumberInput):
    """A number typed on a numeric keyboard."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "decimal", **(attrs or {})})


class SegmentedChoice(forms.RadioSelect):
    """A choice of few, as big buttons side by side."""

    template_name = "ui/widgets/segmented.html"


class TickedChoices(forms.CheckboxSelectMultiple):
    """Several of a few, side by side as far as they fit."""

    template_name = "ui/widgets/ticks.html"


class FileInput(forms.ClearableFileInput):
    """A file, or a photograph taken on the spot."""

    template_name = "ui/widgets/file.html"


class CodeInput(forms.TextInput):
    """Searches a concept by Chinese, pinyin initials or code; keeps the code, shows the name.

    `url` answers `?q=…` with `options()`. `named` turns a stored code into its name. Without
    JavaScript it is a plain field for the code. `also` is a CSS selector of inputs whose values
    narrow the search. `show_code` False hides codes that mean nothing to people (ids).
    """

    template_name = "ui/widgets/code.html"

    def __init__(
        self,
        url: StrOrPromise,
        *,
        named: Named | None = None,
        also: str = "",
        show_code: bool = True,
        attrs: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(attrs)
        self.show_code = show_code
        self.url = url
        self.named = named
        self.also = also

    def name_by(self, named: Named) -> None:
        """Take `named` unless the form's author gave one."""
        if self.named is None:
            self.named = named

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        shown = context["widget"]["value"]
        label = self.named(value) if self.named and shown else ""
        context["widget"] |= {
            "url": str(self.url),
            "label": label or "",
            "also": self.also,
            "show_code": self.show_code,
        }
        return context

    def use_required_attribute(self, initial: Any) -> bool:
        return False


class PersonPicker(CodeInput):
    """Finds a person by name, pinyin initials, telephone or identity number; keeps the id."""

    template_name = "ui/widgets/person.html"

    def __init__(self, url: StrOrPromise, **options: Any) -> None:
        super().__init__(url, **{"show_code": False, **options})


class Option(TypedDict, total=False):
    """One suggestion: what is kept, what is shown, and a grey note beside it."""

    code: str
    name: StrOrPromise
    note: StrOrPromise
    show_code: bool


def options(request: HttpRequest, found: Iterable[Option], *, more: bool = False) -> HttpResponse:
    """Answer a CodeInput's search; `more` says that further matches were left out."""
    return render(request, "ui/forms/options.html", {"options": list(found), "more": more})
