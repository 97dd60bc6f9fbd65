from django.urls import path

from xinglin.clinical.referral import views

app_name = "referral"
urlpatterns = [
    path("", views.listing, name="list"),
    path("export/", views.export, name="export"),
    path("out/", views.register, name="register"),
    path("out/export/", views.export_register, name="export-register"),
    path("statistics/", views.statistics, name="statistics"),
    path("new/", views.new, name="new"),
    path("destinations/", views.destinations, name="destinations"),
    path("scan/", views.scan, name="scan"),
    path("arrive/<str:token>/", views.arrive, name="arrive"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/edit/", views.edit, name="edit"),
    path("<uuid:pk>/attach/", views.attach, name="attach"),
    path("<uuid:pk>/letter.pdf", views.letter, name="letter"),
    path("<uuid:pk>/receipt.pdf", views.receipt, name="receipt"),
    path("<uuid:pk>/documents/<uuid:document>/", views.attached, name="document"),
    path("<uuid:pk>/propose-down/", views.propose_down, name="propose-down"),
    path("<uuid:pk>/plan/", views.plan, name="plan"),
    path("<uuid:pk>/<slug:name>/", views.act, name="act"),
]
