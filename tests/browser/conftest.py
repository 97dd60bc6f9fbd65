"""What the journeys stand on: a running house, a browser, somebody signed in.

    def test_…(sign_in, shot):
        desk = sign_in("desk")                    # a page of its own, 1366 px wide
        phone = sign_in("village", width=360)
        shot(desk, "inbox")                       # → $XINGLIN_SCREENSHOTS/<test>-01-inbox.png

A message in the browser's console, an error of a script, a breach of the content policy or an
answer of 500 and more fails the test in which it happened.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.browser.house import PASSWORD, House, Running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

MISSING = "Chromium not found: install it (Debian and Ubuntu: apt-get install chromium)."
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The browser's own words, such as those in a date field.
    "--lang=zh-CN",
]
HEIGHTS = {360: 740, 768: 1024, 1366: 768, 1920: 1080}
HERE = Path(__file__).parent
# What the console calls an error and is none: an answer of 404 or 422 is a page of ours, and a
# page that is left while it asks for a part of itself has that question taken back.
QUIET = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")

SignIn = Callable[..., "Page"]
Shot = Callable[..., None]


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All on one worker: one server, one browser."""
    chromium = shutil.which("chromium")
    for item in items:
        if HERE not in item.path.parents:
            continue
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.slow)
        item.add_marker(pytest.mark.xdist_group("browser"))
        if chromium is None:
            item.add_marker(pytest.mark.skip(reason=MISSING))


@pytest.fixture(scope="package")
def house() -> Generator[House]:
    """The demo county, small, served as people serve it."""
    folder = Path(tempfile.mkdtemp(prefix="xinglin-browser-"))
    url = os.environ["DATABASE_URL"]
    drop = None
    if url.startswith("sqlite"):
        url = f"sqlite:///{folder / 'xinglin.sqlite3'}"
    else:
        name = f"browser_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[arg-type]
        drop = (url, name)
        url = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    try:
        running = Running(folder, url)
        try:
            yield running.house
        finally:
            running.stop()
    finally:
        if drop:
            with psycopg.connect(drop[0], autocommit=True) as connection:
                connection.execute(f'DROP DATABASE "{drop[1]}" WITH (FORCE)')  # type: ignore[arg-type]
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="package")
def chromium() -> Generator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=ARGUMENTS,
            env={**os.environ, "LANGUAGE": "zh_CN"},
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def sessions() -> dict[str, Any]:
    """Who has signed in once need not type the password in every journey."""
    return {}


@pytest.fixture
def complaints() -> Generator[list[str]]:
    """What the browser complained of; at the end of a test there must be nothing."""
    heard: list[str] = []
    yield heard
    assert not heard, "\n".join(heard)


@pytest.fixture
def open_context(
    chromium: Browser, house: House, complaints: list[str]
) -> Generator[Callable[..., BrowserContext]]:
    """A browser of somebody's own; all are closed at the end of the test."""
    opened: list[BrowserContext] = []

    def open_one(width: int = 1366, **options: Any) -> BrowserContext:
        context = chromium.new_context(
            base_url=house.url,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            viewport={"width": width, "height": HEIGHTS[width]},
            has_touch=width < 768,
            is_mobile=width < 768,
            device_scale_factor=2 if width < 768 else 1,
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(20_000)
        _listen(context, complaints)
        opened.append(context)
        return context

    yield open_one
    for context in opened:
        context.close()


@pytest.fixture
def sign_in(open_context: Callable[..., BrowserContext], sessions: dict[str, Any]) -> SignIn:
    """Somebody at the workbench: `sign_in("desk")`, `sign_in("village", width=360)`."""

    def enter(account: str, width: int = 1366, **options: Any) -> Page:
        context = open_context(width, storage_state=sessions.get(account), **options)
        page = context.new_page()
        page.goto("/")
        if urlsplit(page.url).path == "/login/":
            type_password(page, account)
            sessions[account] = context.storage_state()
        return page

    return enter


def type_password(page: Page, account: str) -> None:
    page.get_by_label("账号").fill(account)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(lambda url: "/login/" not in url)


@pytest.fixture
def shot(request: pytest.FixtureRequest, tmp_path: Path) -> Shot:
    """A picture of the page as it stands; numbered in the order of the story."""
    asked = os.environ.get("XINGLIN_SCREENSHOTS")
    folder = Path(asked) if asked else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    story = re.sub(r"\W+", "-", request.node.name.removeprefix("test_"))[:40].strip("-")
    taken: list[str] = []

    def take(page: Page, name: str, *, whole: bool = False) -> None:
        taken.append(name)
        page.screenshot(
            path=folder / f"{story}-{len(taken):02d}-{name}.png",
            full_page=whole,
            animations="disabled",
            caret="hide",
        )

    return take


def _listen(context: BrowserContext, complaints: list[str]) -> None:
    def answered(response: Any) -> None:
        if response.status >= 500:
            complaints.append(f"{response.status} {response.request.method} {response.url}")

    def spoke(message: Any) -> None:
        if message.type == "error" and not message.text.startswith(QUIET):
            complaints.append(f"console: {message.text} ({message.page and message.page.url})")

    context.on("response", answered)
    context.on("console", spoke)
    context.on("weberror", lambda error: complaints.append(f"script: {error.error}"))
