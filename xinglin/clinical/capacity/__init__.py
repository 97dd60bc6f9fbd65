"""The one booking engine: schedules, slots, holds, bookings, closures and the waiting list."""
