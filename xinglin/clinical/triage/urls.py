from django.urls import path

from xinglin.clinical.triage import views

app_name = "triage"
urlpatterns = [
    path("", views.desk, name="desk"),
    path("new/", views.new, name="new"),
    path("level/", views.level, name="level"),
    path("desk/<uuid:pk>/see/", views.see, name="see"),
    path("desk/<uuid:pk>/leave/", views.leave, name="leave"),
    path("rules/", views.rules, name="rules"),
    path("rules/try/", views.try_out, name="try"),
    path("statistics/", views.statistics, name="statistics"),
    path("assessments/", views.assessments, name="assessments"),
    path("assessments/<uuid:pk>/", views.assessment, name="assessment"),
    path("encounters/<uuid:pk>/", views.visit, name="visit"),
    path("encounters/<uuid:pk>/panel/", views.panel, name="panel"),
    path("encounters/<uuid:pk>/decide/", views.decide, name="decide"),
]
