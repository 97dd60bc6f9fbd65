"""Capacity: beds and who lies in them; schedules, slots and bookings."""
