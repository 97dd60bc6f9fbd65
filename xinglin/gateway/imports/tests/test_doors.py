"""The pages on which 管理员 imports; nobody else finds them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from python_calamine import CalamineWorkbook

from tests import cast
from xinglin.gateway.imports import kinds
from xinglin.gateway.imports.tests import county
from xinglin.kernel import jobs
from xinglin.kernel.models import Job
from xinglin.registry.people.models import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return cast.make()


@pytest.fixture
def admin(people, client):
    client.force_login(people.users["admin"])
    return client


def upload(name, rows):
    path = Path(settings.HOME) / name
    county.write_csv(path, rows)
    return SimpleUploadedFile(name, path.read_bytes())


def residents(people, *, fine=True):
    card = county.CARDS[0] if fine else "330199196205040011"
    return [["姓名", "身份证号", "管理机构代码"], ["陈大", card, people.village.code]]


def send(admin, people, rows, **more):
    told = {"sent": [upload("居民.csv", rows)], "house": people.hospital.pk, **more}
    return admin.post(reverse("imports:new"), told)


def test_files_go_in_through_the_page_and_are_kept_no_longer(admin, people):
    response = send(admin, people, residents(people))
    job = Job.objects.get(kind="imports.load")
    assert response.url == reverse("imports:job", args=[job.pk])
    assert "排队" in admin.get(response.url).content.decode()
    assert Path(job.arguments["folder"]).is_dir()
    assert jobs.run_next()
    assert not Path(job.arguments["folder"]).exists()
    shown = admin.get(response.url).content.decode()
    assert "已导入" in shown
    assert "新增 1 条" in shown
    assert Person.objects.get(name="陈大").managed_by == people.village


def test_what_is_wrong_is_shown_with_its_line_and_downloaded_whole(admin, people):
    url = send(admin, people, residents(people, fine=False)).url
    jobs.run_next()
    shown = admin.get(url).content.decode()
    assert "有误，未导入" in shown
    assert "第 2 行" in shown
    assert "330199196205040011" not in shown
    job = Job.objects.get()
    got = admin.get(reverse("imports:report", args=[job.pk, "csv"]))
    assert b"".join(got.streaming_content).startswith(b"\xef\xbb\xbf")
    assert admin.get(reverse("imports:report", args=[job.pk, "exe"])).status_code == 404


def test_checking_only_writes_nothing(admin, people):
    url = send(admin, people, residents(people), check_only="on").url
    jobs.run_next()
    assert "检查通过" in admin.get(url).content.decode()
    assert not Person.objects.filter(name="陈大").exists()


def test_the_outcome_alone_is_asked_for_while_it_runs(admin, people):
    url = send(admin, people, residents(people)).url
    part = admin.get(url, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="outcome" hx-get')
    jobs.run_next()
    part = admin.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" not in part.split(">")[0]


def test_a_form_without_files_says_so(admin, people):
    response = admin.post(reverse("imports:new"), {"house": people.hospital.pk})
    assert response.status_code == 422
    assert "请选择要导入的文件" in response.content.decode()


@pytest.mark.parametrize("kind", kinds.KINDS, ids=lambda kind: kind.code)
def test_a_blank_table_is_read_back_as_its_kind_with_nothing_in_it(admin, kind, tmp_path):
    got = admin.get(reverse("imports:template", args=[kind.code, "xlsx"]))
    book = CalamineWorkbook.from_filelike(BytesIO(got.content))
    assert book.sheet_names == [kind.sheet, "填写说明"]
    from xinglin.gateway.imports import sheets
    from xinglin.gateway.imports.report import Report

    for form in ("xlsx", "csv"):
        path = tmp_path / f"blank.{form}"
        path.write_bytes(admin.get(reverse("imports:template", args=[kind.code, form])).content)
        report = Report()
        (table,) = sheets.tables(path, path.name, report)
        assert table.kind is kind
        assert (table.rows, report.refusals, report.unknown_columns) == ([], [], [])


def test_nobody_without_the_right_opens_any_page(people, client, admin):
    url = send(admin, people, residents(people)).url
    for part in ("wang", "li", "sun", "zheng"):
        client.force_login(people.users[part])
        assert client.get(reverse("imports:list")).status_code == 403
        assert client.get(reverse("imports:new")).status_code == 403
        assert client.get(url).status_code == 404
        assert client.post(reverse("imports:new")).status_code == 403
    client.force_login(people.users["strange_admin"])
    assert client.get(url).status_code == 404
    assert "居民.csv" not in client.get(reverse("imports:list")).content.decode()


def test_a_house_of_another_county_cannot_be_chosen(admin, people):
    told = {"sent": [upload("居民.csv", residents(people))], "house": people.strange_hospital.pk}
    assert admin.post(reverse("imports:new"), told).status_code == 422
