"""The green channel: one emergency, two houses, one clock that both see run."""
