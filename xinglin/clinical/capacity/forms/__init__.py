"""What a person types about the capacity of houses: form and kind only; the actions judge."""
