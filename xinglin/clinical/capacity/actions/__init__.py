"""Every write on the capacity of houses."""
