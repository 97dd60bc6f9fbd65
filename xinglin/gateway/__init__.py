"""Doors for machines: REST, OAuth2, bulk import; and the demo county that walks through them."""
