from django.urls import path

from xinglin.registry.agreements import views

app_name = "agreements"
urlpatterns = [
    path("", views.listing, name="list"),
    path("new/", views.new, name="new"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/edit/", views.edit, name="edit"),
    path("<uuid:pk>/renew/", views.renew, name="renew"),
    path("<uuid:pk>/papers/", views.file_paper, name="file"),
    path("<uuid:pk>/papers/<uuid:paper>/", views.paper, name="paper"),
    path("<uuid:pk>/act/<slug:name>/", views.act, name="act"),
]
