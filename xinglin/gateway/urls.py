from django.urls import include, path, re_path

from xinglin.gateway import metrics, oauth, openapi, problems, rest, summaries

app_name = "gateway"
urlpatterns = [
    path("oauth/token", oauth.token, name="token"),
    path("oauth/revoke", oauth.revoke, name="revoke"),
    path("oauth/introspect", oauth.introspect, name="introspect"),
    path("metrics", metrics.metrics, name="metrics"),
    path("record/people/<uuid:pk>/summary.json", summaries.download, name="summary"),
    path("api/v1/openapi.json", openapi.openapi_json, name="openapi"),
    path("api/v1/docs", openapi.docs, name="docs"),
    path("api/v1/", include(rest.addresses())),
    re_path(r"^(api|oauth)(/|$)", problems.unknown_address),
]
