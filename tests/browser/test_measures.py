"""What can be measured of a page: the rules of axe, its width, its weight, whether it jumps."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.browser.test_answers import refer

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
MISSING = "axe-core not found: npm ci installs it."
PAGES = {
    "township": [
        *("/", "/inbox/", "/notices/", "/people/?q=z", "/people/new/", "/referrals/?tab=all"),
        *("/referrals/new/", "/referrals/statistics/", "/account/", "/search/?q=z"),
        *("{person}", "{person}start/", "{referral}"),
        *("{lived}", "{lived}trends/", "{lived}medicines/"),
        *("/triage/", "/triage/new/", "/triage/rules/", "/triage/rules/try/"),
        *("/triage/statistics/", "/triage/assessments/"),
    ],
    "desk": ["/", "/inbox/", "/referrals/", "/referrals/scan/"],
    "admin": ["/organisations/", "/staff/", "/import/", "/parameters/"],
}
# All rules once; what colours and sizes can break, again in the dark and in large type.
LOOKS = [
    ("light", "", None),
    ("dark", "", ["color-contrast", "link-in-text-block"]),
    ("light", "1", ["target-size", "scrollable-region-focusable"]),
]
DRESS = """([theme, large]) => {
    const root = document.documentElement;
    root.dataset.theme = root.dataset.bsTheme = theme;
    if (large) root.dataset.large = large; else delete root.dataset.large;
}"""
VIOLATIONS = """async (only) => {
    const options = only ? {runOnly: {type: "rule", values: only}} : {};
    const found = await axe.run(document, {...options, resultTypes: ["violations"]});
    return found.violations
        .filter((one) => ["serious", "critical"].includes(one.impact))
        .map((one) => one.id + ": " + one.nodes.slice(0, 3).map((node) =>
            node.target.join(" ") + " (" + (node.any[0]?.message || "") + ")").join("; "));
}"""


@pytest.fixture(scope="module")
def kept():
    """What the first page has found out for the others."""
    return {}


def _addresses(page, account, house, kept):
    if "{referral}" in PAGES[account] and not kept:
        refer(page, house, "祁玉芬", house.hospital)
        kept["referral"] = urlsplit(page.url).path
    known = {
        "person": f"/record/people/{house.people['祁玉芬']}/",
        "lived": f"/record/people/{house.people['嵇桂芳']}/",
        **kept,
    }
    return [address.format(**known) for address in PAGES[account]]


@pytest.mark.parametrize("width", [360, 1366])
@pytest.mark.parametrize("account", PAGES)
def test_no_page_shuts_anybody_out(house, sign_in, shot, kept, account, width):
    if not AXE.exists():
        pytest.skip(MISSING)
    page = sign_in(account, width=width, bypass_csp=True)
    wrong = []
    for address in _addresses(page, account, house, kept):
        page.goto(address)
        name = urlsplit(address).path.strip("/").replace("/", "-")[:30] or "workbench"
        page.evaluate(AXE.read_text("utf-8"))
        for theme, large, rules in LOOKS:
            page.evaluate(DRESS, [theme, large])
            look = f"{address} ({theme}{', large' if large else ''})"
            wrong += [f"{look} {finding}" for finding in page.evaluate(VIOLATIONS, rules)]
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if wide > 0:
                wrong.append(f"{look} is {wide} px too wide")
            if "XINGLIN_SCREENSHOTS" in os.environ:
                shot(page, f"{name}-{theme}{'-large' if large else ''}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("width", [768, 1920])
def test_a_tablet_and_a_wall_fit(house, sign_in, shot, kept, width):
    page = sign_in("township", width=width)
    for address in _addresses(page, "township", house, kept):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address
        if "XINGLIN_SCREENSHOTS" in os.environ:
            shot(page, urlsplit(address).path.strip("/").replace("/", "-")[:20] or "workbench")


def test_the_sign_in_page_shuts_nobody_out(house, open_context):
    if not AXE.exists():
        pytest.skip(MISSING)
    for width in (360, 1366):
        page = open_context(width, bypass_csp=True).new_page()
        page.goto("/login/")
        page.evaluate(AXE.read_text("utf-8"))
        assert page.evaluate(VIOLATIONS) == []


def test_pages_are_light_on_a_slow_line(house, open_context, sign_in):
    # the first page with everything that it brings, nothing kept from before
    page = open_context(360).new_page()
    first = _weigh(page, "/login/")
    assert first <= 150_000, first

    # signed in, with the styles kept: a list
    wang = sign_in("township", width=360)
    workbench = _weigh(wang, "/")
    assert workbench <= 150_000, workbench
    listing = _weigh(wang, "/referrals/?tab=all")
    assert listing <= 60_000, listing
    inbox = _weigh(wang, "/inbox/")
    assert inbox <= 60_000, inbox


def _weigh(page, address):
    """Bytes over the line for one page, as the browser itself counts them, headers included."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    bytes_by_request = {}
    session.on(
        "Network.loadingFinished",
        lambda event: bytes_by_request.__setitem__(event["requestId"], event["encodedDataLength"]),
    )
    page.goto(address, wait_until="networkidle")
    session.detach()
    return sum(bytes_by_request.values())


@pytest.mark.parametrize("width", [360, 1366])
def test_nothing_jumps_while_a_page_comes_in(house, sign_in, width):
    page = sign_in("township", width=width)
    page.add_init_script(
        """window.shifts = 0;
        new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
            if (!entry.hadRecentInput) window.shifts += entry.value;
        })).observe({type: "layout-shift", buffered: true});"""
    )
    for address in ("/", "/inbox/", "/referrals/?tab=all", "/referrals/new/"):
        page.goto(address, wait_until="networkidle")
        assert page.evaluate("window.shifts") < 0.02, address
