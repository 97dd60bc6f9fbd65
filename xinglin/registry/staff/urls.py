from django.urls import path

from xinglin.registry.staff import views

app_name = "staff"
urlpatterns = [
    path("", views.colleagues, name="list"),
    path("new/", views.employ, name="employ"),
    path("of/<uuid:pk>/", views.of_house, name="of-house"),
    path("posts/<uuid:pk>/dismiss/", views.dismiss, name="dismiss"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/amend/", views.amend, name="amend"),
    path("<uuid:pk>/appoint/", views.appoint, name="appoint"),
    path("<uuid:pk>/account/", views.give_account, name="give-account"),
]
