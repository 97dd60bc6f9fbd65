"""Forms as people meet them."""

from typing import ClassVar

import pytest
from django import forms as django_forms
from django.contrib.auth.models import Group
from django.test import RequestFactory
from django.utils import translation

from xinglin.ui import forms


class Check(forms.Form):
    sections = (("体征", ("sbp",)), ("诊断", ("diagnosis",)))
    units: ClassVar = {"sbp": "mmHg"}

    sbp = django_forms.IntegerField(label="收缩压", max_value=300, help_text="坐位")
    diagnosis = django_forms.CharField(
        label="诊断",
        widget=forms.CodeInput("/codes/", named={"I20.0": "不稳定型心绞痛"}.get),
    )
    urgency = django_forms.ChoiceField(
        label="紧急程度",
        choices=[("u", "限时"), ("r", "常规")],
        widget=forms.SegmentedChoice,
    )
    note = django_forms.CharField(label="备注", required=False)


@pytest.fixture(autouse=True)
def _in_chinese():
    with translation.override("zh-hans"):
        yield


def test_required_is_marked_in_words_and_units_stand_beside_numbers():
    text = str(Check()["sbp"].as_field_group())
    assert "必填" in text
    assert '<span class="unit">mmHg</span>' in text
    assert "必填" not in str(Check()["note"].as_field_group())


def test_an_error_stands_beside_its_field_and_is_linked_from_the_top():
    form = Check({"sbp": "420", "diagnosis": "I20.0", "urgency": "u"})
    text = str(form)
    assert '<a href="#id_sbp">收缩压：不能大于 300</a>' in text
    assert 'aria-describedby="id_sbp_helptext id_sbp_error"' in text
    assert 'id="id_sbp_error"' in text
    assert 'aria-invalid="true"' in text


def test_what_is_missing_is_said_as_people_say_it():
    form = Check({})
    assert not form.is_valid()
    assert form.errors["sbp"] == ["请填写"]
    assert form.errors["urgency"] == ["请选择"]


def test_choices_are_linked_from_the_summary_too():
    text = str(Check({}))
    assert 'href="#id_urgency"' in text
    assert 'id="id_urgency"' in text


def test_the_past_value_is_shown():
    form = Check()
    form.past = {"sbp": "142（2026-02-01）"}
    assert "上次 142（2026-02-01）" in str(form)


def test_fields_come_in_sections_and_the_rest_last():
    sections = list(Check().in_sections())
    assert [s["title"] for s in sections] == ["体征", "诊断", ""]
    assert [f.name for f in sections[-1]["fields"]] == ["urgency", "note"]


def test_a_code_field_shows_the_name_and_keeps_the_code():
    text = str(Check(initial={"diagnosis": "I20.0"})["diagnosis"])
    assert 'name="diagnosis" value="I20.0"' in text
    assert 'data-name="不稳定型心绞痛"' in text
    assert 'hx-get="/codes/"' in text


@pytest.mark.django_db
def test_a_picker_of_records_names_them_by_the_fields_own_queryset():
    class Pick(forms.Form):
        team = django_forms.ModelChoiceField(
            Group.objects.all(), widget=forms.PersonPicker("/people/")
        )

    team = Group.objects.create(name="家庭医生团队")
    assert 'data-name="家庭医生团队"' in str(Pick(initial={"team": team.pk})["team"])
    assert 'data-name=""' in str(Pick({"team": "没有"})["team"])


def test_a_search_answers_options_and_says_when_there_are_more():
    found: list[forms.Option] = [{"code": "I20.0", "name": "不稳定型心绞痛", "note": "循环"}]
    text = forms.options(RequestFactory().get("/"), found, more=True).content.decode()
    assert 'data-code="I20.0"' in text
    assert "还有更多" in text
    assert "没有匹配" in forms.options(RequestFactory().get("/"), []).content.decode()


def test_dates_are_given_as_the_browser_reads_them():
    class When(forms.Form):
        at = django_forms.DateTimeField(widget=forms.DateTimeInput)

    form = When({"at": "2026-03-02T14:05"})
    assert form.is_valid()
    assert 'type="datetime-local"' in str(form["at"])
    assert 'value="2026-03-02T14:05"' in str(form["at"])
