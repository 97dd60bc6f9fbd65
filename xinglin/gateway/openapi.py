"""The OpenAPI document of the REST door, and the page that shows it without any script."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from xinglin.gateway import descriptions, idempotency
from xinglin.gateway.problems import MEDIA_TYPE
from xinglin.gateway.rest import PREFIX, api
from xinglin.ui.api import Problem

METHODS = ("get", "post", "patch")
DESCRIPTION = """\
杏林的 REST 接口。以 `POST /oauth/token`（client credentials，scope `api`）取得访问令牌，
放入 `Authorization: Bearer …`；令牌所属客户端以一个岗位的身份行事，看到和能做的与该岗位相同。

- 拒绝一律为 `application/problem+json`（RFC 9457），`errors` 逐字段说明。
- 看不到的记录与不存在的记录同为 404。
- 列表用 `page`、`page_size`（最多 200）、`q` 与按字段的筛选，答 `{"items": […], "count": n}`。
- 任何 POST 可带 `Idempotency-Key`：同键同内容只执行一次，再次发送得到原应答
  （`Idempotent-Replay: true`），保留 48 小时。
- 时间为带时区的 ISO 8601；未带时区的按本县时间理解。应答中的时间为 UTC。
- `Accept-Language: en` 得到英文说明。
"""


@cache
def document_in(language: str) -> dict[str, Any]:
    """The document as readers of a language get it."""
    found: dict[str, Any] = descriptions.translated(document(), language)
    return found


@cache
def document() -> dict[str, Any]:
    """The whole document, with what every operation shares written into each."""
    found: dict[str, Any] = orjson.loads(
        orjson.dumps(
            api.get_openapi_schema(path_prefix=PREFIX), option=orjson.OPT_NON_STR_KEYS, default=str
        )
    )
    found["info"]["description"] = DESCRIPTION
    found["servers"] = [{"url": "/"}]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    found["components"]["schemas"] |= problem.pop("$defs")
    found["components"]["schemas"]["Problem"] = problem
    found["components"]["parameters"] = {
        "IdempotencyKey": {
            "name": idempotency.HEADER,
            "in": "header",
            "required": False,
            "description": "同键同内容只执行一次；1～200 个可打印的英文字符。",
            "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
        }
    }
    for path, method, operation in operations(found):
        _complete(path, method, operation)
    return found


def operations(of: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in of["paths"].items():
        for method in METHODS:
            if method in methods:
                yield path, method, methods[method]


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    refusals = {400, 401, 403, 404, 422}
    if method != "get":
        refusals |= {409, 413, 415}
    if path.endswith("/content"):
        refusals |= {409}
    for status in sorted(refusals):
        operation["responses"][str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    if method == "post":
        shared = {"$ref": "#/components/parameters/IdempotencyKey"}
        operation.setdefault("parameters", []).append(shared)


@require_GET
def openapi_json(request: HttpRequest) -> HttpResponse:
    """Open to all: it describes, and shows nothing."""
    told = document_in(get_language())
    return HttpResponse(orjson.dumps(told), content_type="application/json")


@require_GET
def docs(request: HttpRequest) -> HttpResponse:
    """The same for people to read, drawn on the server; nothing is fetched from elsewhere."""
    whole = document_in(get_language())
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, method, operation in operations(whole):
        tag = operation.get("tags", [_("其他")])[0]
        groups.setdefault(tag, []).append(_shown(path, method, operation))
    return render(
        request,
        "gateway/docs.html",
        {"groups": groups, **whole["info"]},
    )


def _shown(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    body = _body(operation)
    parameters = [one for one in operation.get("parameters", []) if "name" in one]
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "parameters": [
            {
                "name": one["name"],
                "where": one["in"],
                "required": one.get("required", False),
                "kind": _kind(one["schema"]),
                "description": one.get("description", ""),
            }
            for one in parameters
        ],
        "fields": _fields(body),
        "example": _example(body),
        "answers": [
            {"status": status, "kind": _kind(_schema(one)), "fields": _fields(_schema(one))}
            for status, one in operation["responses"].items()
            if status.startswith("2")
        ],
        "refusals": ", ".join(s for s in operation["responses"] if not s.startswith("2")),
    }


def _body(operation: dict[str, Any]) -> dict[str, Any]:
    return _schema(operation.get("requestBody", {}))


def _schema(told: dict[str, Any]) -> dict[str, Any]:
    """What the first media type of a body or an answer looks like."""
    content: dict[str, dict[str, Any]] = told.get("content", {})
    for one in content.values():
        return _resolved(one.get("schema", {}))
    return {}


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    for wrapped in schema.get("allOf", [])[:1]:
        return _resolved(wrapped)
    reference = schema.get("$ref")
    if reference is None:
        return schema
    whole = document_in(get_language())
    found: dict[str, Any] = whole["components"]["schemas"][reference.rpartition("/")[2]]
    return found


def _fields(schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "kind": _kind(one),
            "required": name in required,
            "description": one.get("description", ""),
        }
        for name, one in schema.get("properties", {}).items()
    ]


def _kind(schema: dict[str, Any]) -> str:
    """A type in few words: `string (uuid)`, `up | down`, `list of Named`."""
    parts = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    if parts:
        return " | ".join(map(_kind, parts))
    schema = _resolved(schema)
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    kind = schema.get("type", "")
    if kind == "array":
        return _("列表：%(kind)s") % {"kind": _kind(schema.get("items", {}))}
    if kind == "object":
        return str(schema.get("title", "object"))
    return f"{kind} ({schema['format']})" if "format" in schema else str(kind)


def _example(schema: dict[str, Any]) -> str:
    """A body that shows the required fields and those with examples."""
    told = {}
    for name, one in schema.get("properties", {}).items():
        if "examples" in one:
            told[name] = one["examples"][0]
        elif name in schema.get("required", []):
            told[name] = _sample(one)
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode() if told else ""


def _sample(schema: dict[str, Any]) -> Any:
    schema = _resolved(next(iter(schema.get("anyOf", [])), schema))
    if "enum" in schema:
        return schema["enum"][0]
    if "examples" in schema:
        return schema["examples"][0]
    if schema.get("format") == "uuid":
        return "0192f0c4-7d2a-7c3e-9a51-3f4f1c2b7a10"
    return {"string": "…", "integer": 1, "number": 1, "boolean": True}.get(schema.get("type", ""))
