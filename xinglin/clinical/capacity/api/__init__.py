"""The REST door of capacity: slots, bookings, the waiting list; schedules in `keeping`."""

from xinglin.clinical.capacity.api.beds import router as beds
from xinglin.clinical.capacity.api.booking import router as booking
from xinglin.clinical.capacity.api.keeping import router as keeping

routers = (booking, keeping, beds)

__all__ = ["routers"]
