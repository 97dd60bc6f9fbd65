from django.urls import path

from xinglin.clinical.orders import views

app_name = "orders"
urlpatterns = [
    path("", views.listing, name="list"),
    path("search/", views.search, name="search"),
    path("round/", views.rounds, name="round"),
    path("round/give/", views.give, name="give"),
    path("review/", views.review, name="review"),
    path("review/<uuid:pk>/pass/", views.pass_all, name="pass"),
    path("sheet/<uuid:pk>/", views.sheet, name="sheet"),
    path("sheet/<uuid:pk>/print/<slug:term>/", views.paper, name="paper"),
    path("sheet/<uuid:pk>/new/", views.new, name="new"),
    path("sheet/<uuid:pk>/sign/", views.sign, name="sign"),
    path("sheet/<uuid:pk>/set/", views.use_set, name="set"),
    path("sheet/<uuid:pk>/check/", views.check_all, name="check"),
    path("sheet/<uuid:pk>/verbal/", views.verbal, name="verbal"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/repeat/", views.repeat, name="repeat"),
    path("<uuid:pk>/act/<slug:name>/", views.act, name="act"),
]
