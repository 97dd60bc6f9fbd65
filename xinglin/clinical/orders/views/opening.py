"""Opening somebody's orders: only where one may, and never without a trace."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404

from xinglin.clinical.orders import permissions
from xinglin.clinical.orders.models import Order
from xinglin.clinical.privacy.models import ground
from xinglin.clinical.record.models import Allergy, Encounter
from xinglin.kernel import trail
from xinglin.kernel.access import NONE, Actor, Reach
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
    basis = ground(actor, person) or permissions.OF_THE_ORDER.kept()
    trail.read(actor, permissions.READ.code, person, basis=basis, parts="order")


def allergies_of(actor: Actor, person: Person, asking: UUID | None = None) -> list[Allergy]:
    """What must not be given, as far as the post may know it.

    Who checks for another house (`asking`) knows what that house knows: it has sent the order.
    """
    rows = Allergy.objects.visible_to(actor)
    if asking is not None and asking != actor.org_id:
        rows |= Allergy.objects.visible_to(
            replace(
                actor, user_id=NONE, org_id=asking, scope=frozenset({asking}), reach=Reach.HOUSE
            )
        )
    active = rows.filter(person=person, status=Allergy.Status.ACTIVE).standing()
    return list(active.newest_first())
