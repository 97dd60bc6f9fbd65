from django.urls import path

from xinglin.clinical.capacity import views
from xinglin.clinical.capacity.views import beds

app_name = "capacity"
urlpatterns = [
    path("", views.find, name="find"),
    path("slots/<uuid:pk>/book/", views.book, name="book"),
    path("day/", views.day, name="day"),
    path("bookings/<uuid:pk>/", views.booking, name="booking"),
    path("bookings/<uuid:pk>/act/<slug:name>/", views.act, name="act"),
    path("bookings/<uuid:pk>/move/<uuid:slot_id>/", views.move, name="move"),
    path("waiting/", views.waiting, name="waiting"),
    path("waiting/new/", views.wait, name="wait"),
    path("waiting/<uuid:pk>/leave/", views.leave, name="leave"),
    path("schedules/", views.schedules, name="schedules"),
    path("schedules/new/", views.new, name="new"),
    path("schedules/week/", views.week, name="week"),
    path("schedules/<uuid:pk>/", views.schedule, name="schedule"),
    path("schedules/<uuid:pk>/edit/", views.edit, name="edit"),
    path("schedules/<uuid:pk>/end/", views.end, name="end"),
    path("schedules/<uuid:pk>/substitute/", views.substitute, name="substitute"),
    path("closures/", views.closures, name="closures"),
    path("closures/new/", views.close, name="close"),
    path("closures/<uuid:pk>/reopen/", views.reopen, name="reopen"),
    path("beds/", beds.house, name="beds"),
    path("beds/county/", beds.county, name="beds-county"),
    path("beds/wards/new/", beds.new_ward, name="beds-new-ward"),
    path("beds/wards/<uuid:pk>/", beds.ward, name="beds-ward"),
    path("beds/wards/<uuid:pk>/extra/", beds.extra, name="beds-extra"),
    path("beds/wards/<uuid:pk>/rooms/", beds.rooms, name="beds-rooms"),
    path("beds/<uuid:pk>/act/<slug:name>/", beds.act, name="beds-act"),
    path("beds/stays/<uuid:pk>/act/<slug:name>/", beds.act_on_stay, name="beds-stay-act"),
]
