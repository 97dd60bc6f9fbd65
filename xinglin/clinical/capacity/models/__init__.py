"""What a house can give: wards with their beds, and who lies in them."""

from xinglin.clinical.capacity.models.beds import (
    Bed,
    BedKind,
    BedState,
    FreeBeds,
    Room,
    RoomSex,
    Ward,
)
from xinglin.clinical.capacity.models.stays import (
    BedHold,
    BedStay,
    HoldState,
    StayEnd,
    bed_labels,
    bed_of_visit,
    in_the_past_too,
)

__all__ = [
    "Bed",
    "BedHold",
    "BedKind",
    "BedState",
    "BedStay",
    "FreeBeds",
    "HoldState",
    "Room",
    "RoomSex",
    "StayEnd",
    "Ward",
    "bed_labels",
    "bed_of_visit",
    "in_the_past_too",
]
