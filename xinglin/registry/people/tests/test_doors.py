"""The doors to residents: find, register, correct, show, strike out."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests import cast as casting
from xinglin.kernel.models import Job, TrailEntry
from xinglin.registry.people import actions as people
from xinglin.registry.people import duplicates
from xinglin.registry.people.models import Identifier, MatchReview, Merge, Person

HTMX = {"HX-Request": "true"}
LIST = reverse("people:list")
NEW = reverse("people:register")


def text(response):
    return response.content.decode()


def url(name, person):
    return reverse(f"people:{name}", args=[person.pk])


def typed(**facts):
    return {"id_type": "01", "id_number": "", "name": "周小妹", "sex": "0", **facts}


def test_without_signing_in_every_page_is_the_login_page(client, cast):
    for address in (LIST, NEW, url("correct", cast.patient), reverse("people:options")):
        assert client.get(address).headers["Location"].startswith("/login/")


@pytest.mark.parametrize("words", ["陈桂香", "陈桂", "cgx", "chenguixiang", "139000", "tail"])
def test_a_resident_is_found_in_every_way_people_ask(cast, enter, words):
    words = cast.patient.id_number[-4:] if words == "tail" else words
    answer = enter("wang").get(LIST, {"q": words}, headers=HTMX)
    assert "陈桂香" in text(answer)
    assert "<html" not in text(answer)


def test_numbers_are_masked_until_somebody_asks_and_that_is_traced(cast, enter):
    browser = enter("wang")
    shown = text(browser.get(LIST, {"q": "cgx"}))
    assert cast.patient.id_number not in shown
    assert cast.patient.masked_id in shown
    shown = text(browser.post(url("show", cast.patient), headers=HTMX))
    assert cast.patient.id_number in shown
    line = TrailEntry.objects.get(verb="person.show")
    assert (line.actor_name, line.person_id, line.kind) == ("王医生", cast.patient.pk, "read")


def test_strangers_find_nobody_and_open_nothing(cast, enter):
    for part in ("stranger", "strange_admin"):
        browser = enter(part)
        assert "没有找到" in text(browser.get(LIST, {"q": "陈桂香"}))
        assert "陈桂香" not in text(browser.get(reverse("people:options"), {"q": "cgx"}))
        for name in ("correct", "identifiers", "void", "report-death"):
            assert browser.get(url(name, cast.patient)).status_code in (403, 404)
            assert browser.get(url(name, cast.patient)).status_code == 404
        assert browser.post(url("show", cast.patient)).status_code == 404


def test_the_bureau_has_no_business_with_residents(cast, enter):
    assert "没有找到" in text(enter("zheng").get(LIST, {"q": "cgx"}))
    assert enter("zheng").get(NEW).status_code == 403


def test_the_picker_tells_namesakes_apart(cast, enter):
    shown = text(enter("wang").get(reverse("people:options"), {"q": "cgx"}))
    assert str(cast.patient.pk) in shown
    assert cast.patient.masked_id in shown


def test_a_card_fills_in_the_date_of_birth_and_the_sex(cast, enter):
    card = casting.id_card(date(1950, 3, 2), female=True)
    shown = text(enter("wang").post(reverse("people:card"), typed(id_number=card), headers=HTMX))
    assert 'value="1950-03-02"' in shown
    assert 'value="2" checked' in shown
    assert "<html" not in shown


def test_a_known_card_offers_the_person_who_bears_it(cast, enter):
    number = cast.patient.id_number
    browser = enter("wang")
    for address in (reverse("people:card"), NEW):
        shown = text(browser.post(address, typed(id_number=number), headers=HTMX))
        assert "该证件号码已登记为“陈桂香”" in shown
        assert cast.patient.get_absolute_url() in shown


def test_a_wrong_card_is_told_beside_the_field(cast, enter):
    browser = enter("wang")
    wrong = cast.patient.id_number[:-1] + ("0" if cast.patient.id_number[-1] != "0" else "1")
    answer = browser.post(NEW, typed(id_number=wrong), headers=HTMX)
    assert answer.status_code == 422
    assert "身份证号码校验码不符" in text(answer)
    assert 'id="id_id_number_error"' in text(answer)
    assert "校验码不符" in text(
        browser.post(reverse("people:card"), typed(id_number=wrong), headers=HTMX)
    )
    assert not Person.objects.filter(name="周小妹").exists()


def test_nobody_is_born_tomorrow(cast, enter):
    tomorrow = timezone.localdate() + timedelta(days=1)
    answer = enter("wang").post(NEW, typed(birth_date=tomorrow), headers=HTMX)
    assert answer.status_code == 422
    assert "出生日期不能晚于今天" in text(answer)


def test_a_resident_is_registered_and_managed_by_the_house_that_did(cast, enter):
    browser = enter("zhao")
    assert browser.get(NEW).context["form"].initial["managed_by"] == cast.village.pk
    card = casting.id_card(date(1971, 8, 9))
    answer = browser.post(
        NEW, typed(id_number=f" {card[:6]} {card[6:]} ", managed_by=cast.village.pk)
    )
    person = Person.objects.get(name="周小妹")
    assert answer.headers["Location"] == person.get_absolute_url()
    assert (person.birth_date, person.sex) == (date(1971, 8, 9), "1")


def test_a_search_that_found_nobody_fills_the_form(cast, enter):
    browser = enter("wang")
    assert browser.get(NEW, {"q": "周小妹"}).context["form"].initial["name"] == "周小妹"
    card = casting.id_card()
    assert browser.get(NEW, {"q": card}).context["form"].initial["id_number"] == card


def test_a_correction_shows_the_numbers_and_leaves_a_trace(cast, enter):
    browser = enter("wang")
    form = browser.get(url("correct", cast.patient)).context["form"]
    assert TrailEntry.objects.filter(verb="person.show", person_id=cast.patient.pk).exists()
    values = {k: v for k, v in form.initial.items() if v is not None} | {"name": "陈桂芳"}
    assert browser.post(url("correct", cast.patient), values).status_code == 302
    assert "陈桂芳" in text(browser.get(LIST, {"q": "cgf"}))
    answer = browser.post(url("correct", cast.patient), values | {"phone": "12"}, headers=HTMX)
    assert answer.status_code == 422
    assert "手机应为11位" in text(answer)


def test_a_number_of_another_issuer_is_added_once(cast, enter):
    browser = enter("wang")
    values = {"kind": "insurance", "value": "QS0001", "issuer": "医保局"}
    assert browser.post(url("identifiers", cast.patient), values).status_code == 302
    assert Identifier.objects.get().person == cast.patient
    assert "陈桂香" in text(browser.get(LIST, {"q": "qs0001"}))
    answer = browser.post(url("identifiers", cast.patient), values, headers=HTMX)
    assert answer.status_code == 422
    assert "该号码已登记" in text(answer)


def test_only_the_administrator_strikes_a_registration_out(cast, enter):
    assert enter("wang").get(url("void", cast.patient)).status_code == 403
    browser = enter("admin")
    assert browser.post(url("void", cast.patient), {}, headers=HTMX).status_code == 422
    values = {"reason": "duplicate", "note": "与另一份相同"}
    assert browser.post(url("void", cast.patient), values).headers["Location"] == LIST
    cast.patient.refresh_from_db()
    assert cast.patient.void_reason == "重复登记：与另一份相同"
    assert "没有找到" in text(browser.get(LIST, {"q": "陈桂香"}))


def test_a_death_is_neither_tomorrow_nor_before_birth(cast, enter):
    browser = enter("wang")
    today = timezone.localdate()
    for day, sentence in (
        (today + timedelta(days=1), "不能晚于今天"),
        (cast.patient.birth_date - timedelta(days=1), "不能早于出生日期"),
    ):
        answer = browser.post(url("report-death", cast.patient), {"died_on": day}, headers=HTMX)
        assert answer.status_code == 422
        assert sentence in text(answer)
    assert browser.post(url("report-death", cast.patient), {"died_on": today}).status_code == 302
    assert "已故" in text(browser.get(LIST, {"q": "cgx"}))


# ------------------------------------------------------------------------ who may be whom


def alike(cast, **facts):
    """Somebody much like 陈桂香, as the form sends them."""
    given = {"birth_date": "1962-05-04", "sex": "1", "phone": "13900000001"}
    return typed(**{"name": "陈贵香", "id_type": "", **given, **facts})


def a_pair(cast):
    facts = {"birth_date": date(1962, 5, 4), "sex": "1", "phone": "13900000001"}
    twin = Person(county=cast.region, name="陈贵香", **facts)
    people.register(twin, by=cast.wang, checked="本人说不是同一人")
    return MatchReview.objects.get(second=twin)


def test_whoever_resembles_is_shown_beside_the_registered_before_anything_is_written(cast, enter):
    browser = enter("wang")
    answer = browser.post(NEW, alike(cast), headers=HTMX)
    assert answer.status_code == 422
    shown = text(answer)
    for words in ("使用此档案", cast.patient.get_absolute_url(), "同音", "确认是新居民"):
        assert words in shown
    assert cast.patient.phone not in shown.split("正在登记")[1].split("</table>")[0]
    assert not Person.objects.filter(name="陈贵香").exists()
    browser.post(NEW, alike(cast, checked="documents"), headers=HTMX)
    review = MatchReview.objects.get()
    assert (review.second.name, review.note) == ("陈贵香", "已核对证件，不是同一人")


def test_a_newborn_is_registered_by_its_mother(cast, enter):
    mother = casting.resident(
        cast.wang, cast.region, name="张丽", id_number=casting.id_card(female=True)
    )
    born = timezone.localdate()
    told = typed(name="", id_type="", sex="1", birth_date=born, mother=mother.pk)
    answer = enter("wang").post(NEW, {**told, "birth_certificate": "a33 0000001"})
    child = Person.objects.get(name="张丽之子")
    assert answer.headers["Location"] == child.get_absolute_url()
    assert child.identifiers.get().value == "A330000001"


def test_the_office_judges_a_pair_side_by_side(cast, enter):
    review = a_pair(cast)
    browser = enter("sun")
    assert "陈贵香" in text(browser.get(reverse("people:reviews")))
    shown = text(browser.get(review.get_absolute_url()))
    for words in ("左边的档案", "同音", "13900000001", "<meter"):
        assert words in shown
    seen = TrailEntry.objects.filter(verb="person.show").values_list("person_id", flat=True)
    assert set(seen) == {review.first_id, review.second_id}
    assert browser.post(review.get_absolute_url(), {"decision": "first"}).status_code == 422
    answer = browser.post(
        review.get_absolute_url(), {"decision": "first", "reason": "已核对身份证"}
    )
    assert answer.status_code == 302
    merge = Merge.objects.get()
    assert (merge.survivor, merge.loser_id) == (review.first, review.second_id)


@pytest.mark.parametrize(("decision", "state"), [("different", "different"), ("wait", "waiting")])
def test_a_pair_may_be_two_or_wait(cast, enter, decision, state):
    review = a_pair(cast)
    told = {"decision": decision, "reason": "户口簿上是兄弟"}
    enter("sun").post(review.get_absolute_url(), told)
    review.refresh_from_db()
    assert (review.state, review.note) == (state, "户口簿上是兄弟")


def test_old_addresses_lead_to_the_survivor_and_a_merge_can_be_undone(cast, enter):
    review = a_pair(cast)
    browser = enter("sun")
    browser.post(review.get_absolute_url(), {"decision": "first", "reason": "已核对身份证"})
    old, new = (person.get_absolute_url() for person in (review.second, review.first))
    answer = browser.get(old)
    assert (answer.status_code, answer.headers["Location"]) == (307, new)
    assert enter("stranger").get(old).status_code == 404
    merge = Merge.objects.get()
    assert "陈贵香" in text(browser.get(reverse("people:merges")))
    assert "撤销合并" in text(browser.get(merge.get_absolute_url()))
    browser.post(merge.get_absolute_url(), {"reason": "核对错了"})
    assert browser.get(old).status_code != 307


def test_others_have_no_business_with_pairs(cast, enter):
    review = a_pair(cast)
    for part in ("wang", "stranger", "strange_admin"):
        browser = enter(part)
        assert browser.get(review.get_absolute_url()).status_code == 404
        assert "陈贵香" not in text(browser.get(reverse("people:reviews")))


def test_the_office_starts_the_search_of_the_county(cast, enter):
    browser = enter("sun")
    assert "开始查重" in text(browser.get(reverse("people:duplicates")))
    browser.post(reverse("people:duplicates"))
    assert Job.objects.get().kind == "people.duplicates"
    assert "排队中" in text(browser.get(reverse("people:duplicates")))
    assert enter("wang").post(reverse("people:duplicates")).status_code == 403


def test_the_search_finds_who_was_registered_twice_and_asks_once(cast):
    pytest.importorskip("splink")
    twice = a_pair(cast)
    MatchReview.objects.all().delete()
    found = duplicates.run(cast.region.pk)
    assert (found["pairs"], found["asked"]) == (1, 1)
    review = MatchReview.objects.get()
    assert (review.first, review.second, review.source) == (twice.first, twice.second, "bulk")
    assert duplicates.run(cast.region.pk)["asked"] == 0
