"""What the record's forms share."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.forms import CodeInput, ModelForm, TickedChoices


class FactForm(ModelForm):
    """A fact as it is written; whether it can be true is for the action to say.

    `lists` names the coded list of each field that is chosen from one; `many` those of which
    several may be chosen.
    """

    lists: dict[str, str] = {}
    many: dict[str, str] = {}
    # Fields that begin with today, or with this minute.
    today: tuple[str, ...] = ()
    now: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, system in self.lists.items():
            known: Any = self.fields[name]
            self.fields[name] = forms.ChoiceField(
                label=known.label,
                required=False,
                choices=coded(system),
                help_text=known.help_text,
                initial=known.initial,
            )
        for name, system in self.many.items():
            known = self.fields[name]
            self.fields[name] = forms.MultipleChoiceField(
                label=known.label,
                required=False,
                choices=terminology.choices(system),
                widget=TickedChoices,
            )
        if self.instance._state.adding:
            for name in self.today:
                self.initial[name] = self.initial.get(name) or timezone.localdate()
            for name in self.now:
                self.initial[name] = self.initial.get(name) or this_minute()

    def _post_clean(self) -> None:
        """Nothing here: the action puts the fact in its standard form and checks it."""


def coded(system: str) -> list[tuple[str, Any]]:
    return [("", "—"), *terminology.choices(system)]


def this_minute() -> Any:
    return timezone.localtime().replace(second=0, microsecond=0)


def searched(system: str, label: Any, *, required: bool = True, help_text: Any = "") -> Any:
    """A code that is found by Chinese, English, pinyin initials or itself."""
    return forms.CharField(
        label=label,
        required=required,
        max_length=30,
        help_text=help_text,
        widget=CodeInput(
            reverse_lazy("terminology:search", args=[system]),
            named=lambda code: getattr(terminology.find(system, str(code)), "label", ""),
        ),
    )


def own_name(label: Any) -> Any:
    """The name beside a code, where it must say more than the list does."""
    return forms.CharField(
        label=label,
        required=False,
        max_length=200,
        help_text=_("不填时用编码的名称；需要写得更细时再填"),
    )
