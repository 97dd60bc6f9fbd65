"""The door to coded lists."""

from django.urls import reverse


def test_a_diagnosis_is_suggested_by_initials(cast, enter):
    shown = enter("wang").get(reverse("terminology:search", args=["icd10"]), {"q": "gxy"})
    assert "高血压" in shown.content.decode()


def test_a_list_that_does_not_exist_is_not_found(cast, enter):
    url = reverse("terminology:search", args=["no-such-list"])
    assert enter("wang").get(url, {"q": "x"}).status_code == 404


def test_codes_are_for_people_who_signed_in(client, db):
    answer = client.get(reverse("terminology:search", args=["icd10"]), {"q": "gxy"})
    assert answer.headers["Location"].startswith("/login/")
