from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import Organisation
from xinglin.ui.forms import Form


class SeveralFilesInput(forms.ClearableFileInput):
    """Several files in one field."""

    allow_multiple_selected = True
    template_name = "ui/widgets/file.html"


class SeveralFiles(forms.FileField):
    """A list of uploaded files."""

    widget = SeveralFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        files = data if isinstance(data, list | tuple) else [data]
        if not files:
            super().clean(None, initial)
        return [super(SeveralFiles, self).clean(file, initial) for file in files]


class ImportForm(Form):
    """The files, on whose behalf, and whether only to check."""

    sent = SeveralFiles(
        label=_("文件"),
        help_text=_("可一次选多个：Excel（xlsx）、CSV、FHIR 的 json 与 ndjson。"),
        error_messages={"required": _("请选择要导入的文件"), "empty": _("文件是空的，请重新选择")},
        widget=SeveralFilesInput(attrs={"accept": ".xlsx,.xls,.ods,.csv,.txt,.json,.ndjson"}),
    )
    house = forms.ModelChoiceField(
        queryset=Organisation.objects.none(),
        label=_("报送机构"),
        help_text=_("文件中没有写明机构的内容，记在这家机构名下。"),
    )
    check_only = forms.BooleanField(
        label=_("只检查，不写入"),
        required=False,
        help_text=_("先看看有没有错误，确认后再正式导入。"),
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        houses = Organisation.objects.visible_to(actor).filter(closed_on=None).in_order()
        field: Any = self.fields["house"]
        field.queryset = houses
        field.initial = actor.org_id
        field.label_from_instance = lambda house: f"{house.code} {house.name}"
