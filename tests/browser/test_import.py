"""A county office sends its residents; one row is wrong, and nothing is half-loaded."""

from __future__ import annotations

from datetime import date

from playwright.sync_api import expect

from tests.browser.hands import field
from tests.cast import id_card

HEAD = "姓名,身份证号,电话\n"
GOOD = f"娄阿水,{id_card(date(1963, 4, 9), 480)},13900002001\n"
ANOTHER = f"娄阿珍,{id_card(date(1967, 8, 2), 481, female=True)},13900002002\n"


def test_a_file_with_one_bad_row_is_mended_and_loaded(sign_in, shot, tmp_path):
    # 管理员 looks at the page and its templates
    admin = sign_in("admin")
    admin.get_by_role("link", name="导入", exact=True).click()
    with admin.expect_download() as download:
        admin.locator("a[href*='/import/templates/residents.xlsx']").first.click()
    assert download.value.suggested_filename.endswith(".xlsx")
    shot(admin, "import")

    # one identity number has a wrong check digit: the report says where and why
    wrong = ANOTHER.replace(ANOTHER.split(",")[1], ANOTHER.split(",")[1][:-1] + "A")
    table = tmp_path / "居民.csv"
    table.write_text(HEAD + GOOD + wrong, "utf-8")
    _send(admin, table)
    bad = admin.locator("#refused tbody tr")
    expect(bad).to_have_count(1)
    expect(bad).to_contain_text("3")
    expect(bad).to_contain_text("身份证")
    shot(admin, "one-bad-row")
    with admin.expect_download() as download:
        admin.get_by_role("link", name="下载全部").click()
    assert "身份证" in download.value.path().read_text("utf-8-sig")

    # the good row has not been loaded either
    admin.goto("/people/?q=娄阿水")
    expect(admin.locator("#found")).to_contain_text("没有找到")

    # mended, both come; once more, nothing changes
    table.write_text(HEAD + GOOD + ANOTHER, "utf-8")
    _send(admin, table)
    row = admin.locator("#outcome tbody tr").filter(has_text="居民").first
    expect(row.locator("td.num").nth(0)).to_have_text("2")
    shot(admin, "loaded")
    _send(admin, table)
    row = admin.locator("#outcome tbody tr").filter(has_text="居民").first
    expect(row.locator("td.num").nth(0)).to_have_text("0")
    expect(row.locator("td.num").nth(2)).to_have_text("2")
    shot(admin, "again-nothing-changes")

    # and the township finds them
    wang = sign_in("township")
    wang.goto("/people/?q=娄阿珍")
    expect(wang.locator("#found").get_by_role("link", name="娄阿珍")).to_be_visible()


def _send(page, table):
    page.goto("/import/new/")
    field(page, "文件").set_input_files(table)
    page.get_by_role("button", name="开始").click()
    expect(page.locator("#outcome progress")).to_have_count(0)
    expect(page.locator("#outcome .record-signs")).to_be_visible()
