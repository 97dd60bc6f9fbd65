from django.urls import path

from xinglin.registry.organisations import views

app_name = "organisations"
urlpatterns = [
    path("", views.tree, name="list"),
    path("options/", views.suggest, name="options"),
    path("new/", views.establish, name="establish"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/change/", views.change, name="change"),
    path("<uuid:pk>/close/", views.close, name="close"),
    path("<uuid:pk>/departments/new/", views.open_department, name="open-department"),
    path("<uuid:pk>/travel/new/", views.time_travel, name="time-travel"),
    path("<uuid:pk>/capabilities/new/", views.declare, name="declare"),
    path("capabilities/<uuid:pk>/end/", views.end_capability, name="end-capability"),
]
