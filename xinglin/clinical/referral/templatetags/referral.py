"""The state of a referral as a chip, the same on every page."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from xinglin.clinical.referral import catalogue
from xinglin.clinical.referral.models import State
from xinglin.clinical.referral.portrait import TONES
from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.templatetags.ui import chip, or_dash

register = template.Library()


@register.simple_tag
def referral_state(state: Any) -> SafeString:
    """Word, shape and colour of a state."""
    return chip(State(state).label, TONES.get(str(state), "plain"))


@register.filter
def may(actor: Any, code: str) -> bool:
    """Whether the post holds a permission at all."""
    return bool(actor and actor.may(code))


@register.simple_tag
def referral_reason(group: Any, code: str) -> SafeString:
    """The words of a coded reason, a dash without one."""
    return or_dash(catalogue.reasons.label(str(group), code) if code else "")


@register.simple_tag
def code_label(system: str, code: str) -> SafeString:
    """The words of a code of a value set, a dash without one."""
    found = terminology.find(system, code) if code else None
    return or_dash(found.label if found else code)


@register.filter
def ratio(numerator: int, denominator: int) -> SafeString:
    """A ratio with two decimals that keeps its parts; a dash without a denominator."""
    if not denominator:
        return or_dash("", _("分母为 0"))
    return format_html(
        '<span class="rate" title="{0}/{1}">{2}</span>',
        numerator,
        denominator,
        f"{numerator / denominator:.2f}",
    )
