"""Chinese on paper."""

from pathlib import Path

from xinglin.ui import printing

SAMPLE = Path(__file__).parent / "sample.typ"

SLIP = {
    "title": "双向转诊单（上转）",
    "issuer": "青山镇卫生院",
    "number": "ZZ20260302-0017",
    "printed": "打印人 王海 2026-03-02 14:05",
    "facts": [["姓名", "张秀英"], ["过敏史", ""]],
    "qr": printing.qr_svg("ZZ20260302-0017"),
    "reason": "活动后胸闷痛 3 小时。",
    "drugs": [
        ["阿司匹林肠溶片", "100 mg", "每日 1 次", "30 片"],
        ["硝酸甘油片", "0.5 mg", "", None],
    ],
}


def test_a_page_of_chinese_becomes_a_pdf_with_its_font():
    done = printing.pdf(SAMPLE, SLIP)
    assert done.startswith(b"%PDF-")
    assert b"NotoSansSC" in done or b"NotoSansCJK" in done


def test_the_same_input_gives_the_same_bytes():
    assert printing.pdf(SAMPLE, SLIP) == printing.pdf(SAMPLE, SLIP)


def test_a_code_keeps_its_quiet_zone():
    code = printing.qr_svg("ZZ20260302-0017")
    assert code.startswith("<svg")
    assert "viewBox" in code
