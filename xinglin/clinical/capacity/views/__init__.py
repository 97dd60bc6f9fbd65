"""The person's door to the capacity of houses."""
