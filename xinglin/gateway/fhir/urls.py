"""The addresses of the FHIR door, made of the registry."""

from __future__ import annotations

from functools import partial, update_wrapper
from typing import Any

from django.urls import path, re_path

from xinglin.gateway.fhir import views
from xinglin.gateway.fhir.everything import everything
from xinglin.gateway.fhir.matching import match
from xinglin.gateway.fhir.registry import BINARY, COMPARTMENT, PATIENT, TYPES


def _of(view: Any, kind: str, *methods: str) -> Any:
    """A view for one type of resource, behind the door."""
    return views.door(*methods)(update_wrapper(partial(view, kind=kind), view))


app_name = "fhir"
urlpatterns = [
    path("metadata", views.metadata, name="metadata"),
    path(".well-known/smart-configuration", views.smart, name="smart"),
    *(
        pattern
        for kind in TYPES
        for pattern in (
            path(kind, _of(views.search, kind, "GET"), name=kind),
            path(f"{kind}/_search", _of(views.search, kind, "POST"), name=f"{kind}-search"),
            path(f"{kind}/<uuid:pk>", _of(views.read, kind, "GET"), name=f"{kind}-read"),
        )
    ),
    path(f"{BINARY}/<uuid:pk>", views.binary, name="binary"),
    path(f"{PATIENT}/$match", match, name="match"),
    path(f"{PATIENT}/<uuid:pk>/$everything", everything, name="everything"),
    *(
        path(
            f"{PATIENT}/<uuid:pk>/{kind}",
            _of(views.search_of_patient, kind, "GET"),
            name=f"patient-{kind}",
        )
        for kind in COMPARTMENT
    ),
    re_path(r"^(?P<rest>.*)$", views.nothing),
]
