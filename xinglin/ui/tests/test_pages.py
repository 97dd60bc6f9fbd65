"""One template answers page and part."""

import pytest
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.messages.storage.fallback import FallbackStorage
from django.http import HttpResponse
from django.template import engines
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from xinglin.ui import pages
from xinglin.ui.paging import Pager


def asking(**headers):
    request = RequestFactory().get("/", headers=headers)
    request.session = {}
    request.user = AnonymousUser()
    request._messages = FallbackStorage(request)
    request.htmx = HtmxDetails(request)
    return request


@pytest.fixture
def rendered(monkeypatch):
    def render(request, name, context, status=200):
        return HttpResponse(name, status=status)

    monkeypatch.setattr(pages, "render", render)


@pytest.mark.usefixtures("rendered")
def test_a_browser_gets_the_page_and_htmx_its_part():
    assert pages.page(asking(), "a.html", part="rows").content == b"a.html"
    part = pages.page(asking(hx_request="true"), "a.html", part="rows", status=422)
    assert part.content == b"a.html#rows"
    assert part.status_code == 422
    assert "HX-Request" in part["Vary"]


@pytest.mark.usefixtures("rendered")
@pytest.mark.parametrize("header", ["hx_boosted", "hx_history_restore_request"])
def test_boosted_links_and_restored_history_get_the_page(header):
    request = asking(hx_request="true", **{header: "true"})
    assert pages.page(request, "a.html", part="rows").content == b"a.html"


@pytest.mark.usefixtures("rendered")
def test_a_part_brings_new_messages_along():
    request = asking(hx_request="true")
    messages.success(request, "已接收 张秀英 的转诊。")
    text = pages.page(request, "a.html", part="rows").content.decode()
    assert 'hx-swap-oob="beforeend:#flash"' in text
    assert "已接收 张秀英 的转诊。" in text


@pytest.mark.django_db
def test_the_exact_total_is_answered_without_the_page():
    Group.objects.bulk_create(Group(name=str(n)) for n in range(3))
    pager = Pager(Group.objects.all(), limit=1, total_asked=True)
    answer = pages.page(asking(), "no-such.html", pager=pager)
    assert answer.content == b"3"


def test_a_refusal_is_a_toast_for_htmx():
    answer = pages.refused(asking(hx_request="true"), "床位已被占用，请另选。")
    assert (answer.status_code, answer["HX-Retarget"]) == (409, "#flash")
    assert "床位已被占用" in answer.content.decode()


def test_every_error_page_says_what_to_do():
    template = engines["django"].get_template("ui/error.html")
    for status in (400, 403, 404, 409, 422, 500):
        text = template.render({"status": status, "sentence": ""})
        assert f'data-error="{status}"' in text
        assert 'class="lead-text"></p>' not in text
