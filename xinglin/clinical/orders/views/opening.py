"""Opening somebody's orders: only where one may, and never without a trace."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from xinglin.clinical.orders import permissions
from xinglin.clinical.orders.models import Order
from xinglin.clinical.record.models import Allergy, Encounter, ground
from xinglin.kernel import trail
from xinglin.kernel.access import Actor
from xinglin.registry.people.models import Person


def visit_of(actor: Actor, pk: UUID) -> Encounter:
    """A visit whose orders the post may read."""
    if not actor.may(permissions.READ.code):
        raise Http404
    visits = Encounter.objects.visible_to(actor).select_related("person", "organisation")
    visit: Encounter = get_object_or_404(visits, pk=pk)
    return visit


def order_of(actor: Actor, pk: UUID) -> Order:
    rows = Order.objects.visible_to(actor)
    return get_object_or_404(
        rows.select_related("person", "encounter", "organisation", "owner", "checker"), pk=pk
    )


def opened(actor: Actor, person: Person) -> None:
    """Write that the post read somebody's orders, and on what ground."""
    basis = ground(actor, person) or _("审方")
    trail.read(actor, permissions.READ.code, person, basis=basis)


def allergies_of(person: Person) -> list[Allergy]:
    """What must not be given; whoever may act on an order must know it."""
    rows = Allergy.objects.filter(person=person).standing()
    return list(rows.filter(status=Allergy.Status.ACTIVE).newest_first())
