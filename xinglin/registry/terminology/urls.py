from django.urls import path

from xinglin.registry.terminology import views

app_name = "terminology"
urlpatterns = [path("<slug:system>/", views.search, name="search")]
