"""The one table of addresses."""

from django.urls import include, path

from xinglin.clinical.privacy.urls import resident as privacy_of_the_resident
from xinglin.clinical.record.urls import resident as record_of_the_resident

urlpatterns = [
    path("", include("xinglin.portal.urls")),
    path("organisations/", include("xinglin.registry.organisations.urls")),
    path("agreements/", include("xinglin.registry.agreements.urls")),
    path("people/", include("xinglin.registry.people.urls")),
    path("staff/", include("xinglin.registry.staff.urls")),
    path("codes/", include("xinglin.registry.terminology.urls")),
    path("m/", include(([*privacy_of_the_resident, *record_of_the_resident], "resident"))),
    path("privacy/", include("xinglin.clinical.privacy.urls")),
    path("record/", include("xinglin.clinical.record.urls")),
    path("capacity/", include("xinglin.clinical.capacity.urls")),
    path("orders/", include("xinglin.clinical.orders.urls")),
    path("triage/", include("xinglin.clinical.triage.urls")),
    path("emergency/", include("xinglin.clinical.emergency.urls")),
    path("care-plans/", include("xinglin.clinical.careplans.urls")),
    path("referrals/", include("xinglin.clinical.referral.urls")),
    path("import/", include("xinglin.gateway.imports.urls")),
    path("fhir/", include("xinglin.gateway.fhir.urls")),
    path("", include("xinglin.gateway.urls")),
]

handler400 = "xinglin.portal.errors.bad_request"
handler403 = "xinglin.portal.errors.forbidden"
handler404 = "xinglin.portal.errors.not_found"
handler500 = "xinglin.portal.errors.server_error"
