"""The person's door to beds: the board of a ward, what can be done there, what is free where."""

from xinglin.clinical.capacity.views.beds.acting import act, act_on_stay, extra
from xinglin.clinical.capacity.views.beds.board import ward
from xinglin.clinical.capacity.views.beds.keeping import new_ward, rooms
from xinglin.clinical.capacity.views.beds.overview import county, house

__all__ = ["act", "act_on_stay", "county", "extra", "house", "new_ward", "rooms", "ward"]
