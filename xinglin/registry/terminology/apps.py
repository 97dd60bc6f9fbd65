from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TerminologyConfig(AppConfig):
    name = "xinglin.registry.terminology"
    label = "terminology"
    verbose_name = _("术语与编码")
