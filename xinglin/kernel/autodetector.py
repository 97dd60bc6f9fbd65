"""Wording is not schema: a changed Chinese label asks for no migration."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.migrations.autodetector import MigrationAutodetector

WORDS = {"verbose_name", "verbose_name_plural", "help_text", "choices", "error_messages"}


class WordBlindAutodetector(MigrationAutodetector):
    def deep_deconstruct(self, obj: Any) -> Any:
        done = super().deep_deconstruct(obj)
        if isinstance(obj, models.Field):
            path, args, kwargs = done
            return path, args, {k: v for k, v in kwargs.items() if k not in WORDS}
        return done

    def generate_altered_options(self) -> None:
        """Labels of models are words too."""
        for state in (self.from_state, self.to_state):
            for model in state.models.values():
                for word in WORDS:
                    model.options.pop(word, None)
        super().generate_altered_options()
