"""DocumentReference: what was filed, with its bytes where they are sent along."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.core.files.base import ContentFile
from django.utils.translation import gettext as _

from xinglin.clinical.record.fhir.setting import (
    ENTERED_IN_ERROR,
    Setting,
    by,
    encounter_of,
    head,
)
from xinglin.clinical.record.models import Document, Fact
from xinglin.kernel.resources import Resource, coding, instant, reference, slim

KIND = "urn:xinglin:document-kind"
# What LOINC calls the papers that the record knows apart.
LOINC_KINDS = {
    "18842-5": Document.Kind.DISCHARGE,
    "11502-2": Document.Kind.REPORT,
    "18748-4": Document.Kind.REPORT,
    "59284-0": Document.Kind.CONSENT,
    "57133-1": Document.Kind.REFERRAL,
}


def document_to_fhir(document: Document, *, url: str = "") -> dict[str, Any]:
    """A filed document; `url` is where its content is read."""
    found: dict[str, Any] = slim(
        {
            **head("DocumentReference", document),
            "status": ENTERED_IN_ERROR if document.voided_at else "current",
            "type": {
                "coding": [coding(KIND, document.kind)],
                "text": str(document.get_kind_display()),
            },
            "subject": reference("Patient", document.person_id),
            "date": instant(document.filed_at),
            "author": [by(document)],
            "custodian": reference("Organization", document.organisation_id),
            "description": document.title,
            "content": [
                {
                    "attachment": {
                        "contentType": document.media_type,
                        "url": url,
                        "size": document.size,
                        "title": document.title,
                        "creation": instant(document.filed_at),
                    }
                }
            ],
            "context": {"encounter": [encounter_of(document)]},
        }
    )
    return found


def document_from_fhir(sent: dict[str, Any], setting: Setting) -> list[Fact]:
    """The document; one whose bytes were not sent along keeps the address where they are."""
    resource = Resource(sent)
    if resource.needed("status") == ENTERED_IN_ERROR:
        return []
    attachment = resource.first("content").child("attachment")
    kind = resource.code_in("type", KIND)
    if kind not in Document.Kind:
        kind = LOINC_KINDS.get(resource.code_in("type", "http://loinc.org"), Document.Kind.OTHER)
    title = (
        attachment.text("title")
        or resource.text("description")
        or resource.words("type")
        or str(Document.Kind(kind).label)
    )
    filed = resource.moment("date") or attachment.moment("creation") or setting.at
    if filed is None:
        resource.refuse("date", _("缺少归档时间，所属就诊也没有时间。"))
    document = Document(**setting.of_encounter(), kind=kind, title=title[:200], filed_at=filed)
    told = attachment.text("data")
    if told:
        try:
            content = base64.b64decode(told.replace(" ", ""), validate=True)
        except (ValueError, binascii.Error):
            resource.refuse("content[0].attachment.data", _("不是有效的 Base64。"))
        document.file = ContentFile(content, name=title[:100])
        return [document]
    url = attachment.text("url", limit=500)
    if not url:
        resource.refuse("content[0].attachment", _("须附文档内容（data）或其地址（url）。"))
    document.data = {
        "elsewhere": slim({"url": url, "media_type": attachment.text("contentType", limit=60)})
    }
    return [document]
