"""Lines of the trail in the words of the pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from xinglin.clinical.privacy.models import Review, parts_said
from xinglin.kernel import trail
from xinglin.kernel.access import Actor
from xinglin.kernel.models import TrailEntry
from xinglin.registry.staff import catalogue as staff


def told(actor: Actor, entries: Iterable[TrailEntry]) -> list[dict[str, Any]]:
    """Each reading with the role, the parts and what came of it if it was disputed."""
    lines = list(entries)
    disputed = {
        review.entry_id: review
        for review in Review.objects.visible_to(actor).filter(entry__in=[x.pk for x in lines])
    }
    return [
        {
            "entry": line,
            "role": role_said(line.role),
            "parts": parts_said(line),
            "why": trail.said(line.basis),
            "refused": line.kind == TrailEntry.Kind.REFUSED,
            "review": disputed.get(line.pk),
        }
        for line in lines
    ]


def role_said(code: str) -> str:
    role = staff.roles().get(code)
    if role is not None:
        return role.label
    return _("居民本人") if code == "resident" else code
