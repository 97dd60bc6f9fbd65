"""`migrate` that agrees with it."""

from django.core.management.commands import migrate

from xinglin.kernel.autodetector import WordBlindAutodetector


class Command(migrate.Command):
    autodetector = WordBlindAutodetector
