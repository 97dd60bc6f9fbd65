"""What a house can give: wards with their beds, and who lies in them."""

from xinglin.clinical.capacity.models.beds import (
    FreeBeds,
    Bed,
    BedKind,
    BedState,
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
]
