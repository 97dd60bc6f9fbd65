"""The one booking engine: schedules, slots, bookings, the waiting list; beds."""
