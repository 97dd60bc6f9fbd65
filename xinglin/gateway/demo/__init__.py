"""The demo county 青山县: a seeded generator that walks through the doors a real county uses."""
