"""What the registry does on hearing of a merge."""

from __future__ import annotations

from xinglin.kernel.access import system
from xinglin.kernel.outbox import on
from xinglin.registry.people import actions
from xinglin.registry.people.events import PersonMerged
from xinglin.registry.people.models import Merge


@on(PersonMerged)
def gather_what_came_late(event: PersonMerged) -> None:
    """Whoever wrote to the merged registration in that very moment wrote to the survivor."""
    merge = Merge.objects.standing().filter(pk=event.merge_id).first()
    if merge is not None:
        actions.gather(merge, by=system(event.county_id))
