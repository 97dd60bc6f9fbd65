from django.urls import path

from xinglin.gateway.imports import views

app_name = "imports"
urlpatterns = [
    path("", views.listed, name="list"),
    path("new/", views.new, name="new"),
    path("<uuid:pk>/", views.job, name="job"),
    path("<uuid:pk>/report.<str:form>", views.report, name="report"),
    path("templates/<str:kind>.<str:form>", views.template, name="template"),
]
