"""What hands do on a page of ours, in the words that stand on it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

expect.set_options(timeout=20_000)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def field(scope: Page | Locator, label: str) -> Locator:
    """The field of this label, whether or not 必填 stands beside it."""
    return scope.get_by_label(re.compile(rf"^\s*{re.escape(label)}\s*(必填)?\s*$")).first


def choose(scope: Page | Locator, label: str, words: str, option: str = "") -> None:
    """Type into a searched field and take the option."""
    box = field(scope, label)
    box.click()
    box.fill("")
    box.press_sequentially(words, delay=20)
    page = scope if hasattr(scope, "goto") else scope.page
    found = page.get_by_role("option").filter(has_text=option or words).first
    expect(found).to_be_visible()
    found.click()
    expect(page.get_by_role("option").first).to_be_hidden()


def pick(scope: Page | Locator, words: str) -> None:
    """Press one of the big buttons that are radio buttons."""
    scope.locator(".segmented-choice label").filter(has_text=re.compile(rf"^{words}$")).click()


def begin(page: Page, act: str) -> Locator:
    """Press an act's button on the record, in the menu if it is there, and wait for its dialog."""
    button = page.locator(".page-actions > button").filter(has_text=act)
    if button.count() == 0:
        page.locator(".more-acts summary").click()
        button = page.locator(".more-acts button").filter(has_text=act)
    button.first.click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_be_visible()
    return dialog


def finish(dialog: Locator) -> None:
    """Press the dialog's own button."""
    dialog.locator(".button-row button:not([data-close])").click()


def do(page: Page, act: str) -> None:
    """An act that needs no more than what its dialog has already filled in."""
    finish(begin(page, act))


def state(page: Page, words: str) -> None:
    """The record now says so."""
    expect(page.locator(".record-signs").first).to_contain_text(words)


def local(hours: float = 0) -> str:
    """A time for a datetime field, so many hours from now, on the county's clocks."""
    return f"{datetime.now(SHANGHAI) + timedelta(hours=hours):%Y-%m-%dT%H:%M}"
