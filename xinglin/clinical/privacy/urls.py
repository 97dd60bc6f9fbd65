from django.urls import path

from xinglin.clinical.privacy import views

app_name = "privacy"
urlpatterns = [
    path("people/<uuid:pk>/glass/", views.glass, name="glass"),
    path("reviews/<uuid:pk>/", views.review, name="review"),
]
