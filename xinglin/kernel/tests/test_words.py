"""Identifiers that sort by time; labels that ask for no migration."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.questioner import NonInteractiveMigrationQuestioner
from django.db.migrations.state import ModelState, ProjectState

from xinglin.kernel.autodetector import WordBlindAutodetector
from xinglin.kernel.ids import new_id


def test_ids_are_uuids_of_version_seven():
    made = new_id()
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"


def test_ids_sort_in_the_order_in_which_they_were_made():
    made = [new_id() for _time in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == 5000


def changes(before, after, options_before=None, options_after=None):
    """What makemigrations would write if a field (and a model's options) changed so."""

    def state(field, words):
        key = models.BigAutoField(primary_key=True)
        made = ProjectState()
        made.add_model(ModelState("thing", "Thing", [("id", key), ("name", field)], options=words))
        return made

    detector: Any = WordBlindAutodetector(
        state(before, options_before or {}),
        state(after, options_after or {}),
        NonInteractiveMigrationQuestioner(specified_apps={"thing"}),
    )
    return detector._detect_changes()


def test_a_changed_label_asks_for_no_migration():
    before = models.CharField("姓名", max_length=50, help_text="全名", choices=[("a", "甲")])
    after = models.CharField("名字", max_length=50, help_text="如证件", choices=[("a", "乙")])
    assert changes(before, after) == {}
    assert (
        changes(
            models.CharField(max_length=50),
            models.CharField(max_length=50),
            options_before={"verbose_name": "东西"},
            options_after={"verbose_name": "物品", "verbose_name_plural": "物品"},
        )
        == {}
    )


def test_a_changed_column_does():
    assert changes(models.CharField(max_length=50), models.CharField(max_length=60))["thing"]


@pytest.mark.django_db
def test_the_migrations_of_the_house_are_complete():
    out = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=out)
    assert "No changes detected" in out.getvalue()


def test_every_app_with_tables_has_migrations():
    loader = MigrationLoader(None)
    for config in apps.get_app_configs():
        if config.name.startswith("xinglin") and list(config.get_models()):
            assert config.label in loader.migrated_apps, config.name
