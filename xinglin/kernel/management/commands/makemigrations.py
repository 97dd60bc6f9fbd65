"""`makemigrations` that does not ask for one when only words changed."""

from django.core.management.commands import makemigrations

from xinglin.kernel.autodetector import WordBlindAutodetector


class Command(makemigrations.Command):
    autodetector = WordBlindAutodetector
