"""Opening a plan: only where one may, and never without a trace."""

from __future__ import annotations

from uuid import UUID

from django.shortcuts import get_object_or_404

from xinglin.clinical.careplans import permissions
from xinglin.clinical.careplans.models import CarePlan, CareTask
from xinglin.kernel import trail
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Refused
from xinglin.ui.forms import Form


def plan_of(actor: Actor, pk: UUID) -> CarePlan:
    """A plan that the post may read; Http404 without one."""
    return get_object_or_404(CarePlan.objects.visible_to(actor).for_pages(), pk=pk)


def task_of(actor: Actor, pk: UUID) -> CareTask:
    rows = CareTask.objects.visible_to(actor).select_related(
        "plan__person", "plan__author_org", "plan__organisation", "person", "item", "owner"
    )
    return get_object_or_404(rows, pk=pk)


def opened(actor: Actor, plan: CarePlan, *, door: str = "") -> None:
    """Write that the post read a plan, and on what ground."""
    basis = permissions.ground(actor, plan).kept()
    trail.read(
        actor,
        permissions.READ.code,
        plan,
        basis=trail.through(basis, door),
        parts="careplan",
    )


def tell(form: Form, refusal: Refused, names: dict[str, str] | None = None) -> None:
    """Put each sentence beside the field it is about, else on top."""
    placed = False
    for field, sentence in refusal.fields.items():
        name = (names or {}).get(field, field)
        if name in form.fields:
            form.add_error(name, sentence)
            placed = True
    if not placed:
        form.add_error(None, str(refusal))
