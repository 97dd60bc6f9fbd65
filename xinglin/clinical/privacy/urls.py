from django.urls import path

from xinglin.clinical.privacy import views

app_name = "privacy"
urlpatterns = [
    path("", views.readings, name="readings"),
    path("export/", views.export, name="export"),
    path("flags/", views.flags, name="flags"),
    path("flags/mark/", views.mark, name="mark"),
    path("reviews/", views.reviews, name="reviews"),
    path("reviews/<uuid:pk>/", views.review, name="review"),
    path("watched/", views.watched, name="watched"),
    path("watched/<uuid:pk>/end/", views.unwatch, name="unwatch"),
    path("people/<uuid:pk>/watch/", views.watch, name="watch"),
    path("people/<uuid:pk>/glass/", views.glass, name="glass"),
    path("people/<uuid:pk>/consents/", views.consents, name="consents"),
    path("people/<uuid:pk>/code/", views.paper_code, name="code"),
    path("people/<uuid:pk>/keep/", views.take_over, name="take-over"),
    path("people/<uuid:pk>/account/", views.account, name="account"),
    path("consents/<uuid:pk>/withdraw/", views.withdraw, name="withdraw"),
]

# The resident's own side, at /m/.
resident = [
    path("", views.home, name="home"),
    path("readings/", views.looked, name="readings"),
    path("readings/<int:entry>/", views.dispute, name="dispute"),
    path("consents/", views.my_consents, name="consents"),
    path("consents/<uuid:pk>/withdraw/", views.take_back, name="withdraw"),
    path("code/", views.my_code, name="code"),
]
