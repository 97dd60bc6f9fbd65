from django.urls import path

from xinglin.clinical.careplans import views

app_name = "careplans"
urlpatterns = [
    path("", views.listing, name="list"),
    path("today/", views.today, name="today"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/answer/", views.answer, name="answer"),
    path("<uuid:pk>/settle/", views.settle, name="settle"),
    path("<uuid:pk>/revise/", views.revise, name="revise"),
    path("<uuid:pk>/<slug:name>/", views.act, name="act"),
    path("tasks/<uuid:pk>/", views.task, name="task"),
    path("tasks/<uuid:pk>/skip/", views.skip, name="skip"),
]
