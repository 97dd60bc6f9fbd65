"""Words of templates, kept for each language."""

from django.template import Context, Template
from django.utils.translation import override


def said(text: str, **context: object) -> str:
    return Template(text).render(Context(context))


def test_words_follow_the_language_though_they_are_kept(settings, monkeypatch):
    template = Template('{% translate "取消" %}|{% translate "取消" as word %}{{ word }}')
    monkeypatch.setattr(
        "django.utils.translation.trans_real.gettext",
        lambda message: {"取消": "Cancel"}.get(message, message),
    )
    with override("en"):
        assert template.render(Context()) == "Cancel|Cancel"
    monkeypatch.undo()
    with override("zh-hans"):
        assert template.render(Context()) == "取消|取消"
    with override("en"):
        assert template.render(Context()) == "Cancel|Cancel"


def test_words_that_vary_are_looked_up_each_time():
    assert said("{% translate word %}", word="甲") == "甲"
    assert said('{% translate "甲"|add:tail %}', tail="<乙>") == "甲&lt;乙&gt;"
