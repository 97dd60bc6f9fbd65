from django.urls import path

from xinglin.clinical.record import views

app_name = "record"
urlpatterns = [
    path("people/<uuid:pk>/", views.person, name="person"),
    path("people/<uuid:pk>/print/", views.paper, name="print"),
    path("people/<uuid:pk>/start/", views.start, name="start"),
    path("encounters/<uuid:pk>/", views.encounter, name="encounter"),
    path("encounters/<uuid:pk>/write/", views.describe, name="describe"),
    path("encounters/<uuid:pk>/vitals/", views.measure, name="measure"),
    path("encounters/<uuid:pk>/documents/new/", views.file_document, name="file"),
    path("encounters/<uuid:pk>/end/", views.end, name="end"),
    path("encounters/<uuid:pk>/add/<slug:kind>/", views.add, name="add"),
    path("encounters/<uuid:pk>/results/", views.panels, name="panels"),
    path("encounters/<uuid:pk>/results/<slug:panel>/", views.results, name="results"),
    path("encounters/<uuid:pk>/summary/", views.file_summary, name="file-summary"),
    path("encounters/<uuid:pk>/front-page/", views.file_front_page, name="file-front-page"),
    path("people/<uuid:pk>/add/<slug:kind>/", views.add_alone, name="add-alone"),
    path("people/<uuid:pk>/results/", views.panels_alone, name="panels-alone"),
    path("people/<uuid:pk>/results/<slug:panel>/", views.results_alone, name="results-alone"),
    path("people/<uuid:pk>/cover/", views.cover, name="cover"),
    path("people/<uuid:pk>/cover/open/", views.open_cover, name="open-cover"),
    path("covers/<uuid:pk>/correct/", views.correct_cover, name="correct-cover"),
    path("covers/<uuid:pk>/close/", views.close_cover, name="close-cover"),
    path("covers/<uuid:pk>/reopen/", views.reopen_cover, name="reopen-cover"),
    path("correct/<slug:kind>/<uuid:pk>/", views.correct, name="correct"),
    path("medications/<uuid:pk>/stop/", views.stop, name="stop"),
    path("documents/<uuid:pk>/", views.document, name="document"),
    path("void/<slug:kind>/<uuid:pk>/", views.void, name="void"),
]
