from django.urls import path

from xinglin.portal import views

app_name = "portal"
urlpatterns = [
    path("", views.workbench, name="workbench"),
    path("login/", views.SignIn.as_view(), name="login"),
    path("logout/", views.sign_out, name="logout"),
    path("language/", views.choose_language, name="language"),
    path("post/", views.switch_post, name="switch-post"),
    path("account/", views.account, name="account"),
    path("inbox/", views.inbox, name="inbox"),
    path("notices/", views.notices, name="notices"),
    path("notices/bell/", views.bell, name="bell"),
    path("search/", views.search, name="search"),
    path("parameters/", views.parameters_page, name="parameters"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
