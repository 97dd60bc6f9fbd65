from django.urls import path

from xinglin.registry.people import views

app_name = "people"
urlpatterns = [
    path("", views.find, name="list"),
    path("options/", views.suggest, name="options"),
    path("new/", views.register, name="register"),
    path("card/", views.card, name="card"),
    path("duplicates/", views.search_duplicates, name="duplicates"),
    path("reviews/", views.reviews, name="reviews"),
    path("reviews/<uuid:pk>/", views.review, name="review"),
    path("merges/", views.merges, name="merges"),
    path("merges/<uuid:pk>/", views.merge, name="merge"),
    path("<uuid:pk>/correct/", views.correct, name="correct"),
    path("<uuid:pk>/show/", views.show, name="show"),
    path("<uuid:pk>/identifiers/", views.identifiers, name="identifiers"),
    path("<uuid:pk>/void/", views.void, name="void"),
    path("<uuid:pk>/death/", views.report_death, name="report-death"),
]
