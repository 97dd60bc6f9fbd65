"""What the capacity of houses announces."""
