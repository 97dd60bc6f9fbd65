"""What the capacity of houses does on hearing of facts from below."""
