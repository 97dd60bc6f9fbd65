"""The look of every page: base templates, components, static files, page(). No medicine."""
