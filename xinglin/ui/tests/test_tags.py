"""Signs, times and numbers."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.template import engines
from django.utils import timezone, translation

from xinglin.ui.assets import ICONS
from xinglin.ui.templatetags import ui

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=timezone.get_fixed_timezone(480))
PRODUCT = Path(__file__).resolve().parents[2]


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


@pytest.fixture(autouse=True)
def _in_chinese():
    with translation.override("zh-hans"):
        yield


def test_a_status_is_word_shape_and_colour():
    sign = ui.chip("待接收", "brand")
    assert "chip-brand" in sign
    assert "#circle-dot" in sign
    assert sign.endswith("待接收</span>")


def test_a_chip_escapes_what_people_typed():
    assert "&lt;b&gt;" in ui.chip("<b>", "no-such-tone")


@pytest.mark.parametrize(
    ("code", "word"), [("emergency", "急"), ("urgent", "限时"), ("routine", "常规"), ("", "常规")]
)
def test_urgency_is_said_in_words(code, word):
    assert f"{word}</span>" in ui.urgency(code)


@pytest.mark.parametrize(
    ("gone", "tone", "words"),
    [
        (10, "calm", "剩 1 小时 50 分"),
        (89, "calm", "剩 31 分钟"),
        (90, "soon", "剩 30 分钟"),
        (121, "late", "超时 1 分钟"),
        (120 + 26 * 60, "late", "超时 1 天 2 小时"),
    ],
)
def test_a_clock_turns_orange_at_three_quarters_and_red_when_overdue(gone, tone, words):
    sign = ui.clock(NOON + minutes(120), NOON, now=NOON + minutes(gone))
    assert f"clock-{tone}" in sign
    assert words in sign
    assert "data-due" in sign


def test_a_stopped_clock_says_whether_the_deadline_was_met():
    assert "按时" in ui.clock(NOON, NOON - minutes(60), stopped_at=NOON - minutes(1))
    late = ui.clock(NOON, NOON - minutes(60), stopped_at=NOON + minutes(7))
    assert "超时 7 分钟" in late
    assert "data-due" not in late


def test_no_deadline_is_a_dash_with_its_reason():
    assert "无时限" in ui.clock(None)


def test_lists_say_today_and_tables_say_the_date():
    now = timezone.localtime().replace(hour=14, minute=5)
    assert ui.when(now) == "今天 14:05"
    assert ui.when(now - timedelta(days=1)) == "昨天 14:05"
    assert ui.when(NOON.replace(year=2020)) == "2020-03-02 12:00"
    assert ui.moment(NOON) == "2026-03-02 12:00"
    assert ui.moment(date(2026, 3, 2)) == "2026-03-02"
    assert ui.when(None) == "—"


@pytest.mark.parametrize(
    ("number", "words"),
    [(9876, "9,876"), (123_456, "12.3 万"), (20_000, "2 万"), (3_2000_0000, "3.2 亿"), (None, "—")],
)
def test_large_counts_are_said_in_wan(number, words):
    assert ui.big(number) == words


def test_large_counts_keep_their_thousands_in_english():
    with translation.override("en"):
        assert ui.big(123_456) == "123,456"


def test_a_rate_keeps_its_fraction():
    assert 'title="1,234/2,000"' in ui.rate(1234, 2000)
    assert "61.7%" in ui.rate(Decimal(1234), 2000)


def test_a_rate_without_denominator_is_never_zero():
    assert "分母为 0" in ui.rate(3, 0)
    assert "未填报" in ui.rate(None, 10)


def test_nothing_is_a_dash_but_zero_is_a_number():
    assert "未查" in ui.or_dash("", "未查")
    assert ui.or_dash(0) == "0"


def test_every_icon_asked_for_is_in_the_sprite():
    asked = set(ui.CHIP_ICONS.values()) | set(ui.CLOCK_ICONS.values())
    asked |= set(ui.URGENCY_ICONS.values())
    for template in PRODUCT.rglob("templates/**/*.html"):
        words = template.read_text("utf-8").split('{% icon "')[1:]
        asked |= {word.split('"')[0] for word in words}
    assert asked <= set(ICONS)


def test_no_template_carries_inline_style_or_script():
    for template in PRODUCT.rglob("templates/**/*.html"):
        text = template.read_text("utf-8")
        assert " style=" not in text, template
        assert "<script>" not in text, template
        assert " onclick=" not in text, template


def test_every_template_of_the_house_compiles():
    folder = PRODUCT / "ui" / "templates"
    for template in folder.rglob("*.html"):
        engines["django"].get_template(str(template.relative_to(folder)))
