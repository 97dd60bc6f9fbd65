from __future__ import annotations

import copy

import pytest

from tests.machines import forget_tokens
from tests.standing import standing_county
from xinglin.gateway.fhir.tests.county import life, machine


@pytest.fixture(scope="module")
def standing(django_db_setup, django_db_blocker, tmp_path_factory):
    """One county for a whole module, with a life in it and a machine that reads."""
    from django.test import override_settings

    media = tmp_path_factory.mktemp("media")
    with standing_county(django_db_blocker) as county, override_settings(MEDIA_ROOT=media):
        forget_tokens()
        with django_db_blocker.unblock():
            lived = life(county)
            his = machine(county.township)
        yield county, lived, his


@pytest.fixture
def county(standing, db):
    return copy.deepcopy(standing[0])


@pytest.fixture
def lived(standing, db):
    return dict(standing[1])


@pytest.fixture
def his(standing, db):
    return standing[2]
