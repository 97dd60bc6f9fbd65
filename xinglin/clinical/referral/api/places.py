"""The slot, ward or bed that a request names."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from xinglin.clinical.capacity.models import Bed, Slot, Ward
from xinglin.clinical.referral.actions.placing import Place
from xinglin.clinical.referral.api import schemas
from xinglin.kernel.errors import Refused
from xinglin.ui.api import chosen
from xinglin.ui.requests import Request

PLACES = {
    "slot": (Slot, ("department", "schedule", "practitioner", "organisation")),
    "ward": (Ward, ("department", "organisation")),
    "bed": (Bed, ("ward__department", "organisation")),
}


def place_of(request: Request, body: schemas.PlaceIn) -> Place | None:
    """The one slot, ward or bed that was named, None without one."""
    named = [(name, pk) for name in PLACES if (pk := getattr(body, name)) is not None]
    if not named:
        return None
    if len(named) > 1:
        raise Refused(_("号源、病区、床位只能选择一项。"), field=named[1][0])
    name, pk = named[0]
    model, leads = PLACES[name]
    rows: Any = model._default_manager
    found: Place = chosen(rows.visible_to(request.actor).select_related(*leads), pk, name)
    return found
