"""What the capacity of houses reads from `catalogue/`."""
