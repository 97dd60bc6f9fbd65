from django.urls import path

from xinglin.clinical.emergency import views

app_name = "emergency"
urlpatterns = [
    path("", views.board, name="board"),
    path("live/", views.board_live, name="board-live"),
    path("all/", views.listing, name="list"),
    path("new/", views.new, name="new"),
    path("report/", views.report, name="report"),
    path("report/export/", views.export, name="export"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/live/", views.live, name="live"),
    path("<uuid:pk>/documents/<uuid:document>/", views.attached, name="document"),
    path("<uuid:pk>/<slug:name>/", views.act, name="act"),
]
