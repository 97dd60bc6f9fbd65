"""The REST door of coded lists: ICD-10 and the value sets."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from ninja import Query, Router, Schema
from pydantic import Field

from xinglin.registry.terminology import catalogue
from xinglin.ui.api import Paging, page_of, part_of
from xinglin.ui.requests import Request

router = Router(tags=["代码"])


class ConceptOut(Schema):
    """One entry of one coded list."""

    system: str = Field(examples=["icd10"])
    code: str = Field(examples=["I20.0"])
    zh: str = Field(examples=["不稳定性心绞痛"])
    en: str = Field(examples=["Unstable angina"])


class CodeListOut(Schema):
    """One coded list."""

    system: str = Field(examples=["outcome"])
    zh: str
    en: str
    standard: str = Field(description="所依据的标准")
    size: int


class ConceptFilter(Paging):
    system: str = Field("icd10", max_length=60, description="代码表，见 /code-lists")
    q: str = Field("", max_length=100, description="编码、中文、英文、拼音或首字母")


@router.get(
    "/concepts",
    response=page_of(ConceptOut),
    operation_id="listConcepts",
    summary="查找代码",
)
def concepts(request: Request, asked: Query[ConceptFilter]) -> Any:
    """在一张代码表里查找；`q` 为空时按编码次序列出全表。"""
    if asked.system not in catalogue.systems():
        raise Http404
    listed = catalogue.code_list(asked.system)
    return part_of(listed.search(asked.q, 1000) if asked.q else list(listed.concepts), asked)


@router.get(
    "/code-lists",
    response=page_of(CodeListOut),
    operation_id="listCodeLists",
    summary="代码表目录",
)
def code_lists(request: Request, asked: Query[Paging]) -> Any:
    names = catalogue.systems()
    start = (asked.page - 1) * asked.page_size
    items = [
        {
            "system": one.system,
            "zh": one.zh,
            "en": one.en,
            "standard": one.standard,
            "size": len(one.concepts),
        }
        for one in map(catalogue.code_list, names[start : start + asked.page_size])
    ]
    return {"items": items, "count": len(names)}
