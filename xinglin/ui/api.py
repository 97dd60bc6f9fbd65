"""What every REST door shares: input that says what is wrong with it, pages, answers.

An app's `api.py` reads through `visible_to`, writes through actions and lets refusals rise;
the gateway knows the caller, mounts the routers and turns refusals into problem documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import orjson
from django.db.models import Model, QuerySet, TextChoices
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja import Router, Schema
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    create_model,
    model_serializer,
)
from pydantic_core import PydanticCustomError

from xinglin.kernel.errors import Refused
from xinglin.kernel.reasons import Reasons
from xinglin.kernel.records import YEARS
from xinglin.ui.paging import LARGEST, SIZES, Counting, counter

M = TypeVar("M", bound=Model)
View = Callable[..., Any]
T = TypeVar("T")


class In(BaseModel):
    """What a caller sends. A field that is not known is refused: it would be a lost fact."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    def given(self) -> dict[str, Any]:
        """Only what was sent, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Named(Schema):
    """A reference that a person can read."""

    id: UUID
    name: str


# Counting further would take longer than reading the page: a million rows take most of a second.
COUNTED_TO = 100_000


class Paging(Schema):
    """Which page of a list."""

    page: int = Field(1, ge=1, le=100_000, description="页码，从 1 起")
    page_size: int = Field(SIZES[0], ge=1, le=LARGEST, description=f"每页条数，最多 {LARGEST}")
    total: bool = Field(False, description=f"超过 {COUNTED_TO:,} 条时也数到底")


class FieldProblem(Schema):
    """One input that does not hold."""

    field: str = Field(description="字段名；嵌套字段以点分隔", examples=["diagnosis_code"])
    message: str = Field(examples=["请填写诊断编码（ICD-10）。"])


class Link(Schema):
    """Something that helps."""

    title: str = Field(examples=["R261122-7KQ2M9A"])
    href: str


class Problem(Schema):
    """Why something was refused (RFC 9457)."""

    type: str = Field(description="about:xinglin/ 加稳定代码", examples=["about:xinglin/no-route"])
    title: str = Field(description="一句可读的说明", examples=["请求内容有误，请按字段改正。"])
    status: int = Field(examples=[422])
    detail: str | None = None
    errors: list[FieldProblem] | None = Field(None, description="逐字段的说明")
    links: list[Link] | None = Field(None, description="有助于处理的页面")


class _Page(Schema):
    """What every page says beside its items; `exact` only where it must be said."""

    count: int = Field(description="符合条件的总条数")
    exact: bool = Field(
        True,
        description=f"count 只数到 {COUNTED_TO:,} 为止时为 false，否则不出现；total=true 时数到底",
    )

    @model_serializer(mode="wrap")
    def _said(self, plain):  # type: ignore[no-untyped-def]  # its schema is the fields' own
        told = plain(self)
        if told.get("exact"):
            del told["exact"]
        return told


def page_of(item: type[Any]) -> Any:
    """The schema of a page of a list: `{"items": […], "count": n}`."""
    return create_model(
        f"{item.__name__.removesuffix('Out')}Page",
        __base__=_Page,
        items=(list[item], ...),  # type: ignore[valid-type]
    )


def paged(
    queryset: QuerySet[M], paging: Paging, counting: Counting | None = None
) -> dict[str, Any]:
    """One page and the total, counted to `COUNTED_TO` unless the caller wants it all.

    `counting` where there is a cheaper way than the queryset.
    """
    start = (paging.page - 1) * paging.page_size
    items = list(queryset[start : start + paging.page_size])
    if len(items) < paging.page_size and (items or start == 0):
        # The last page tells the total by itself.
        return {"items": items, "count": start + len(items)}
    count, exact = (counting or counter(queryset))(None if paging.total else COUNTED_TO)
    told = {"items": items, "count": max(count, start + len(items))}
    return told if exact else {**told, "exact": False}


def part_of(found: Sequence[Any], paging: Paging) -> dict[str, Any]:
    """One page of what is in memory already, and the total."""
    start = (paging.page - 1) * paging.page_size
    return {"items": found[start : start + paging.page_size], "count": len(found)}


def reasons_of(reasons: Reasons, question: str, paging: Paging) -> dict[str, Any]:
    """One page of the coded reasons for a question; Http404 for one that nobody asks."""
    try:
        return part_of(list(reasons.of(question).values()), paging)
    except KeyError:
        raise Http404 from None


# What the description says of a door that answers with a stored paper.
PAPER: dict[str, Any] = {
    "responses": {
        200: {
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}}
                for kind in ("application/pdf", "image/png", "image/jpeg")
            }
        }
    }
}


def acts(
    router: Router, address: str, response: Any, noun: str
) -> Callable[[str, str], Callable[[View], View]]:
    """How a workflow's acts are mounted: `act("send-back", "审方退回")` is POST address/send-back.

    All of a noun are asked at its address and answered alike.
    """

    def act(name: str, summary: str) -> Callable[[View], View]:
        first, *others = name.split("-")
        mount: Callable[[View], View] = router.post(
            f"{address}/{name}",
            response=response,
            operation_id="".join([first, *map(str.title, others), noun]),
            summary=summary,
        )
        return mount

    return act


def chosen(queryset: QuerySet[M], pk: UUID, field: str) -> M:
    """The row that an input names; one unseen is refused like one that does not exist."""
    found = queryset.filter(pk=pk).first()
    if found is None:
        raise Refused(_("没有这条记录，或不在可见范围内。"), field=field)
    return found


def changes(body: In, allowed: Iterable[str] | None = None) -> dict[str, Any]:
    """What a PATCH asks for; an empty one is refused."""
    asked = body.given()
    if not asked:
        raise Refused(_("请至少给出一个要修改的字段。"))
    return asked if allowed is None else {k: v for k, v in asked.items() if k in allowed}


def answer(content: Any, *, status: int = 200, location: str = "") -> HttpResponse:
    """A prepared document, sent without checking it against its schema once more."""
    response = HttpResponse(dump(content), status=status, content_type="application/json")
    if location:
        response["Location"] = location
    return response


def dump(content: Any) -> bytes:
    """JSON as all REST doors write it: UTF-8, times in UTC."""
    return orjson.dumps(content, default=str, option=orjson.OPT_UTC_Z)


# ---------------------------------------------------------------------------- dates and times


def _moment(value: object) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    wrong = PydanticCustomError("datetime_parsing", "")
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", value):
        raise wrong
    try:
        read = datetime.fromisoformat(value.strip())
    except ValueError:
        raise wrong from None
    if read.year not in YEARS:
        raise wrong
    return read if read.tzinfo else timezone.make_aware(read)


def _day(value: object) -> date | None:
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    wrong = PydanticCustomError("date_parsing", "")
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value.strip()):
        raise wrong
    try:
        read = date.fromisoformat(value.strip())
    except ValueError:
        raise wrong from None
    if read.year not in YEARS:
        raise wrong
    return read


# The wall clock of the county where no offset is given; numbers are not times.
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema(
        {"type": "string", "format": "date-time", "examples": ["2026-03-02T10:30:00+08:00"]}
    ),
]
Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-03-02"]}),
]


def enumerated(choices: type[TextChoices]) -> WithJsonSchema:
    """Shows the codes in place: several apps have a `Kind`, and a document has one of a name."""
    return WithJsonSchema({"type": "string", "enum": [str(one) for one in choices.values]})


# --------------------------------------------------------------------------- what is wrong with it

_SENTENCES = {
    "missing": gettext_lazy("请填写此项。"),
    "extra_forbidden": gettext_lazy("没有这个字段，请核对名称。"),
    "string_type": gettext_lazy("应为文字。"),
    "string_too_long": gettext_lazy("最多 %(max_length)s 个字符。"),
    "string_too_short": gettext_lazy("至少 %(min_length)s 个字符。"),
    "string_pattern_mismatch": gettext_lazy("格式不正确。"),
    "int_type": gettext_lazy("应为整数。"),
    "int_parsing": gettext_lazy("应为整数。"),
    "int_from_float": gettext_lazy("应为整数。"),
    "int_parsing_size": gettext_lazy("数字过大。"),
    "decimal_type": gettext_lazy("应为数字。"),
    "decimal_parsing": gettext_lazy("应为数字。"),
    "decimal_max_digits": gettext_lazy("数字位数过多。"),
    "decimal_max_places": gettext_lazy("小数位数过多。"),
    "decimal_whole_digits": gettext_lazy("数字过大。"),
    "finite_number": gettext_lazy("应为数字。"),
    "bool_type": gettext_lazy("应为 true 或 false。"),
    "bool_parsing": gettext_lazy("应为 true 或 false。"),
    "uuid_type": gettext_lazy("应为标识号（UUID）。"),
    "uuid_parsing": gettext_lazy("应为标识号（UUID）。"),
    "date_parsing": gettext_lazy("应为日期，如 2026-03-02。"),
    "datetime_parsing": gettext_lazy("应为日期时间，如 2026-03-02T10:30:00+08:00。"),
    "greater_than_equal": gettext_lazy("不能小于 %(ge)s。"),
    "less_than_equal": gettext_lazy("不能大于 %(le)s。"),
    "enum": gettext_lazy("只能是：%(expected)s。"),
    "literal_error": gettext_lazy("只能是：%(expected)s。"),
    "list_type": gettext_lazy("应为列表。"),
    "model_type": gettext_lazy("应为 JSON 对象。"),
    "model_attributes_type": gettext_lazy("应为 JSON 对象。"),
    "nul_character": gettext_lazy("含有不可用的字符（NUL）。"),
}


def sentence(kind: str, context: dict[str, Any]) -> str:
    """What is wrong with an input, in the caller's language instead of the library's."""
    told = str(_SENTENCES.get(kind) or _("内容不正确。"))
    return told % context if "%(" in told else told
