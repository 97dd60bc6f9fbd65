"""The doors for machines: REST, OAuth2, bulk import; and what watches the house from outside."""
