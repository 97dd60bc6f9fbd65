from django.urls import path

from xinglin.clinical.capacity.views import beds

app_name = "capacity"
urlpatterns = [
    path("beds/", beds.house, name="beds"),
    path("beds/county/", beds.county, name="beds-county"),
    path("beds/wards/new/", beds.new_ward, name="beds-new-ward"),
    path("beds/wards/<uuid:pk>/", beds.ward, name="beds-ward"),
    path("beds/wards/<uuid:pk>/extra/", beds.extra, name="beds-extra"),
    path("beds/wards/<uuid:pk>/rooms/", beds.rooms, name="beds-rooms"),
    path("beds/<uuid:pk>/act/<slug:name>/", beds.act, name="beds-act"),
    path("beds/stays/<uuid:pk>/act/<slug:name>/", beds.act_on_stay, name="beds-stay-act"),
]
