"""The REST door of the capacity of houses."""
