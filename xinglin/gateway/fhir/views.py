"""Read and search: who asks is found, what they ask is understood, what they read is traced."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, cast
from urllib.parse import quote
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import http_date
from django.utils.translation import gettext as _

from xinglin.clinical.privacy import models as privacy
from xinglin.clinical.record.models import Document
from xinglin.gateway.callers import SCOPES, caller
from xinglin.gateway.fhir import capability
from xinglin.gateway.fhir.asking import understood
from xinglin.gateway.fhir.bundles import DOOR, Entries, searchset, some_of, written
from xinglin.gateway.fhir.outcomes import NotAllowed, answer, outcome_of, wants_json
from xinglin.gateway.fhir.pages import page_of
from xinglin.gateway.fhir.parts import with_parts
from xinglin.gateway.fhir.registry import BINARY, PATIENT, TYPES
from xinglin.gateway.problems import WrongMedia
from xinglin.kernel import trail
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Conflict
from xinglin.kernel.prepared import SLOT, Cabinet, Prepared
from xinglin.kernel.searching import Asking, Offer, Pointer, read_id
from xinglin.registry.people.models import Person, standing
from xinglin.ui.requests import Request

View = Callable[..., HttpResponseBase]
# A token for REST reads by FHIR too; one for FHIR reads nothing else.
READING = (*capability.SCOPES, *SCOPES)
FORM = "application/x-www-form-urlencoded"

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_queries: Cabinet[Prepared] = Cabinet()


def door(*methods: str, known: bool = True) -> Callable[[View], View]:
    """Let a view be called by machines: nothing rises out of it but OperationOutcomes.

    `known` doors ask for a caller first; HEAD is answered like GET, without the body.
    """
    allowed = [*methods, *(["HEAD"] if "GET" in methods else [])]

    def around(view: View) -> View:
        @wraps(view)
        def enter(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            try:
                if known:
                    cast(Request, request).actor = caller(request, READING)
                if request.method not in allowed:
                    raise NotAllowed(_("此地址不支持该请求方法。"), ", ".join(allowed))
                wants_json(request)
                response = view(request, **kwargs)
            except Exception as error:  # whatever it was, the caller gets an outcome and no more
                response = outcome_of(error)
            if response.status_code == 404:
                privacy.refused(cast(Request, request).actor, ids_of(request, kwargs), door=DOOR)
            if request.method == "HEAD" and isinstance(response, HttpResponse):
                length = len(response.content)
                response.content = b""
                response["Content-Length"] = str(length)
            return response

        enter.csrf_exempt = True  # type: ignore[attr-defined]
        return enter

    return around


def ids_of(request: HttpRequest, kwargs: dict[str, Any]) -> list[UUID]:
    """The rows that were asked for by their ids, in the address or behind its question mark."""
    asked = " ".join([*map(str, kwargs.values()), *map(str, request.GET.values())])
    return list(dict.fromkeys(UUID(found) for found in _ID.findall(asked)))


def base_of(request: HttpRequest) -> str:
    """The absolute address of this door, as the caller knows it."""
    return request.build_absolute_uri("/fhir/")


@door("GET", known=False)
def metadata(request: HttpRequest) -> HttpResponse:
    """Open to all: it describes, and shows nothing."""
    return answer(capability.statement(base_of(request)))


@door("GET", known=False)
def smart(request: HttpRequest) -> HttpResponse:
    """Where and how a client gets its token."""
    response = answer(capability.smart(request.build_absolute_uri("/oauth/")))
    response["Content-Type"] = "application/json"
    return response


# ------------------------------------------------------------------------------------------- read


def read(request: Request, kind: str, pk: UUID) -> HttpResponse:
    """One resource; that it was read leaves a line."""
    actor = request.actor
    try:
        offer, row = found(actor, kind, pk)
    except Http404:
        offer, row = _former(actor, kind, pk)
    with_parts(actor, offer, [row])
    resource = written(offer, row)
    _trace(actor, offer, row)
    return versioned(request, resource, row, offer)


def found(actor: Actor, kind: str, pk: UUID) -> tuple[Offer, Any]:
    """The row behind an id, and which of the type's models it is of; Http404 if none is seen."""
    for at, offer in enumerate(TYPES[kind]):
        if offer.key is not None:
            row = offer.rows(actor).filter(pk=offer.key(pk)).first()
            if row is not None:
                return offer, row
            continue
        one = _queries.get(
            (actor, kind, at),
            lambda offer=offer: Prepared(offer.rows(actor).filter(pk=SLOT)),  # type: ignore[misc]
        )
        values = one.first(pk)
        if values is not None:
            names = [column.attname for column in offer.model._meta.concrete_fields]
            return offer, one.row(offer.model, names, values)
    raise Http404


def _former(actor: Actor, kind: str, pk: UUID) -> tuple[Offer, Any]:
    """The row behind an id that lives on in another one; Http404 if there is none."""
    for offer in TYPES[kind]:
        row = offer.former(actor).filter(pk=pk).first() if offer.former is not None else None
        if row is not None:
            return offer, row
    raise Http404


def _standing(targets: tuple[str, ...], pk: UUID) -> UUID:
    """Who asks for a patient by the id of a merged registration means the survivor."""
    return standing(pk) if PATIENT in targets else pk


def _trace(actor: Actor, offer: Offer, row: Any) -> None:
    if offer.person:
        person = getattr(row, offer.person)
        basis = trail.through(offer.grounds(actor, [row]).get(person, ""), DOOR)
        trail.read(actor, offer.verb, row, basis=basis, parts=str(row._meta.model_name))


def versioned(request: Request, resource: dict[str, Any], row: Any, offer: Offer) -> HttpResponse:
    """The resource, or 304 for who has it already."""
    etag = f'W/"{resource["meta"]["versionId"]}"'
    known = [each.strip() for each in request.headers.get("If-None-Match", "").split(",")]
    if etag in known or "*" in known:
        response = HttpResponse(status=304)
    else:
        elements = [each for each in request.GET.get("_elements", "").split(",") if each.strip()]
        told = some_of(resource, elements, offer.needed) if elements else resource
        response = answer(told, pretty=request.GET.get("_pretty") == "true")
    response["ETag"] = etag
    response["Last-Modified"] = http_date(getattr(row, offer.changed).timestamp())
    return response


@door("GET")
def binary(request: Request, pk: UUID) -> HttpResponseBase:
    """A filed document: itself, or inside a Binary for who asks for FHIR."""
    actor = request.actor
    offer, row = found(actor, "DocumentReference", pk)
    assert isinstance(row, Document)
    if not row.file:
        raise Http404
    try:
        content = row.file.open("rb")
    except FileNotFoundError:
        raise Conflict(_("文档原文已不在存储中，请联系管理员。")) from None
    _trace(actor, offer, row)
    if "fhir" not in request.headers.get("Accept", "") and "_format" not in request.GET:
        response = FileResponse(content, content_type=row.media_type)
        response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(row.title)}"
        return response
    with content:
        data = base64.b64encode(content.read()).decode()
    told = {
        "resourceType": BINARY,
        "id": str(row.pk),
        "contentType": row.media_type,
        "securityContext": {"reference": f"DocumentReference/{row.pk}"},
        "data": data,
    }
    return answer(told)


# ----------------------------------------------------------------------------------------- search


def search(request: Request, kind: str) -> HttpResponse:
    """A page of the resources of a type."""
    return _searched(request, kind, f"{base_of(request)}{kind}", _pairs(request))


def search_of_patient(request: Request, kind: str, pk: UUID) -> HttpResponse:
    """The same for what is about one patient."""
    found(request.actor, PATIENT, pk)
    address = f"{base_of(request)}{PATIENT}/{pk}/{kind}"
    return _searched(request, kind, address, _pairs(request), patient=pk)


def _searched(
    request: Request,
    kind: str,
    address: str,
    pairs: Iterator[tuple[str, str]],
    patient: UUID | None = None,
) -> HttpResponse:
    actor, base = request.actor, base_of(request)
    strict = "handling=strict" in request.headers.get("Prefer", "").replace(" ", "")
    asked = understood(kind, pairs, Asking(actor, base, _standing), strict=strict)
    if patient is not None:
        for offer in asked.wanted:
            asked.wanted[offer] &= _of(offer, patient)
    page = page_of(asked, actor)
    entries = Entries(actor, base)
    for offer in asked.wanted:
        rows = [each.row for each in page.rows if each.offer is offer]
        listed = not asked.names & set(offer.asks_for_one)
        entries.add(offer, rows, elements=asked.elements, listed=listed)
    if len(asked.wanted) > 1:
        order = {str(each.row.pk): at for at, each in enumerate(page.rows)}
        entries.entries.sort(key=lambda entry: order[entry["resource"]["id"]])
    for include in asked.includes:
        keys = set()
        for each in page.rows:
            pointer = each.offer.parameter(include.name)
            if isinstance(pointer, Pointer):
                keys.add(getattr(each.row, pointer.column))
        for target in include.targets:
            entries.include(target, keys)
    entries.trace()
    if not page.rows and any(offer.person and kind != PATIENT for offer in asked.wanted):
        asked_in_vain(actor, [*ids_of(request, {}), *([patient] if patient else [])])
    return answer(searchset(asked, page, entries, address), pretty=asked.pretty)


def asked_in_vain(actor: Actor, ids: list[UUID]) -> None:
    """A search of a record that is not open finds nothing; that it was tried leaves a line."""
    people = Person.objects.visible_to(actor).filter(pk__in=ids)
    closed = people.exclude(pk__in=privacy.open_people(actor).filter(pk__in=ids).values("pk"))
    privacy.refused(actor, closed.values_list("pk", flat=True), door=DOOR)


def _of(offer: Offer, patient: UUID) -> Any:
    pointer = offer.parameter("patient")
    assert pointer is not None
    return pointer.filter(str(patient), "", Asking(actor=Actor()))


def _pairs(request: HttpRequest) -> Iterator[tuple[str, str]]:
    """Names and values of the address and, by POST, of the form."""
    if request.method == "POST" and request.content_type != FORM:
        raise WrongMedia(_("请用 %(media)s 发送。") % {"media": FORM})
    for sent in (request.GET, request.POST):
        for name, values in sent.lists():
            for value in values:
                yield name, str(value)


# ------------------------------------------------------------------------------------------ others


@door("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
def nothing(request: Request, rest: str = "") -> HttpResponse:
    """An address that leads nowhere: no such type, no such id, or not even an id."""
    kind, _slash, key = rest.partition("/")
    if kind in (*TYPES, BINARY) and key and "/" not in key and not key.startswith("$"):
        read_id("_id", key)
        if request.method not in ("GET", "HEAD"):
            raise NotAllowed(_("此地址不支持该请求方法。"), "GET, HEAD")
    raise Http404
