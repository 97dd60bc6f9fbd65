"""The description holds against requests that nobody would think of.

Schemathesis invents requests from the OpenAPI document, right ones and wrong ones, and looks at
every answer: no 5xx, a documented status, a body as its schema says. XINGLIN_EXAMPLES asks for
more of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hypothesis
import orjson
import pytest
import schemathesis
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.utils import timezone
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.cast import make
from tests.machines import Machine, form, machine
from xinglin.gateway import openapi

EXAMPLES = int(os.environ.get("XINGLIN_EXAMPLES", "3"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def _known(his: Machine, cast: Any) -> dict[str, str]:
    """Ids that exist, so that not every address ends in a 404."""
    person = str(cast.patient.pk)
    today, now = timezone.localdate().isoformat(), timezone.now().isoformat()
    ids = {"people": person, "organisations": str(cast.township.pk)}
    ids["practitioners"] = str(cast.actors["wang"].practitioner_id)
    for path, body in (
        ("encounters", {"kind": "outpatient", "started_at": now}),
        ("diagnoses", {"code": "I10", "diagnosed_on": today}),
        (
            "observations",
            {"code": "8480-6", "name": "收缩压", "value": 120, "unit": "mmHg", "measured_at": now},
        ),
        ("allergies", {"substance": "青霉素", "noted_on": today}),
        ("medications", {"name": "阿司匹林", "started_on": today}),
    ):
        answer = his.post(f"/{path}", {"person": person, **body})
        assert answer.status_code == 201, answer.content
        ids[path] = answer.json()["id"]
    paper = SimpleUploadedFile("a.pdf", b"%PDF-1.4 nothing")
    ids["documents"] = his.upload("/documents", person=person, file=paper).json()["id"]
    ids["referrals"] = his.post("/referrals", form(cast)).json()["id"]
    return ids


@contextmanager
def one_connection() -> Iterator[None]:
    """The test's transaction outlives each request, as in Django's own test client."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.slow
@pytest.mark.django_db
def test_every_operation_bears_what_may_be_sent_to_it():
    cast = make()
    his = machine(cast.township, "his")
    ids = _known(his, cast)
    schema = schemathesis.openapi.from_dict(orjson.loads(orjson.dumps(openapi.document())))
    schema.app = get_wsgi_application()
    broken: list[str] = []
    with one_connection():
        for found in schema.get_all_operations():
            _try_out(found.ok(), his, ids, broken)
    assert not broken, "\n\n".join(broken)


def _try_out(operation: Any, his: Machine, ids: dict[str, str], broken: list[str]) -> None:
    noun = operation.path.split("/")[3]

    def bear(mode: GenerationMode) -> None:
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        @hypothesis.settings(
            max_examples=EXAMPLES,
            database=None,
            derandomize=True,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        def each(case: Any) -> None:
            if noun in ids and "pk" in (case.path_parameters or {}):
                case.path_parameters["pk"] = ids[noun]
            with transaction.atomic():
                # One request must not spoil the next.
                answer = case.call(headers=dict(his.headers))
                transaction.set_rollback(True)
            case.validate_response(answer, checks=CHECKS)

        try:
            each()
        except hypothesis.errors.Unsatisfiable:
            return  # nothing can be sent wrongly to it
        except (
            Exception,
            BaseExceptionGroup,
        ) as error:  # one run shows all of them
            broken.append(f"{operation.label} ({mode}): {error}"[:3000])

    bear(GenerationMode.POSITIVE)
    bear(GenerationMode.NEGATIVE)
