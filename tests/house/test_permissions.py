"""Every act has a permission and a sentence; every permission has somebody who holds it."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module

import pytest

from tests.house import reading
from xinglin.clinical.referral import catalogue as routes
from xinglin.clinical.referral.models import Referral, State
from xinglin.clinical.referral.permissions import ACTS, STATES
from xinglin.kernel.access import REGISTRY as PERMISSIONS
from xinglin.kernel.access import Permission
from xinglin.kernel.actions import REGISTRY as ACTIONS
from xinglin.registry.organisations.models import CARE_LEVELS, Level
from xinglin.registry.staff import catalogue as staff

# What only the house itself does: no role holds it, and no role should.
SYSTEM = {
    "referral.expire": "the clock alone lets an acceptance lapse",
    "agreement.clock": "the clock reminds of the end, and notes it",
    "orders.plan": "the clock lays out when something is due",
    "orders.lapse": "the clock ends what has run out, and what a discharge ends",
    "triage.lapse": "a visit that ended without an answer is noted by the house",
    "triage.heed": "an answer given by deed is noted by the house",
    "capacity.plan": "the clock lays the coming days out into slots",
    "capacity.expire": "the clock lets go what nobody confirmed",
    "capacity.displace": "what a closure does to each booking in it",
    "capacity.restore": "what lifting a closure does to each booking in it",
    "capacity.offer": "a freed place goes to whoever waits first, by itself",
    "capacity.lapse": "and on to the next when it is not answered",
    "capacity.serve": "confirming the offered place ends the wait",
    "beds.lapse": "the clock alone lets a hold on a bed run out",
    "beds.join": "a bed that was taken first is tied to the stay that was written afterwards",
    "referral.hear": "the plan's first visit is the follow-up of its letter",
    "careplans.follow": "a plan goes with its letter, and waits for its evaluation",
    "careplans.clock": "the clock opens a day's task, closes a missed one, looks for the absent",
    "client.register": "no page lets other systems in; whoever runs the installation does",
    "client.withdraw": "and shuts them out",
}
# Permissions under which nothing is written: they open a reading or a page.
READINGS = {
    "referral.read",
    "referral.statistics",
    "record.read",
    "orders.read",
    "triage.read",
    "triage.advise",
    "triage.statistics",
    "beds.read",
    "beds.overview",
    "careplans.read",
    "person.search",
    "operations.see",
    "resident.read",
    # What two actions ask of their caller besides their own permission.
    *("person.transfer", "privacy.vouch"),
    # The diagnoses behind a second door; each is asked for by its domain's code.
    *("sensitive.mental", "sensitive.hiv", "sensitive.std", "sensitive.tb", "sensitive.abortion"),
    # Whoever holds it finds unanswered requests in the inbox and acts by redirecting them.
    "referral.arrange",
}


@pytest.fixture(autouse=True, scope="module")
def everything_imported():
    for path in reading.sources():
        if reading.kind_of(path) in ("actions", "permissions"):
            import_module(".".join(path.relative_to(reading.ROOT).with_suffix("").parts))


def product(codes: dict) -> dict:
    return {code: found for code, found in codes.items() if not code.startswith("test.")}


def test_every_function_that_acts_is_an_action_with_a_permission():
    """A public function of an `actions` module that takes `by` goes through the decorator."""
    found = []
    for path in reading.sources():
        if reading.kind_of(path) != "actions" or reading.room_of(path) == "kernel":
            continue
        for node in reading.tree(path).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            takes_by = "by" in {argument.arg for argument in node.args.kwonlyargs}
            decorated = {reading.chain(d)[-1] for d in node.decorator_list if reading.chain(d)} & {
                "action",
                "bulk_action",
            }
            writes = any(
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr in ("save", "update", "delete", "create")
                and reading.chain(call.func)[0] not in ("told", "digest", "hasher")
                for call in ast.walk(node)
            )
            if takes_by and writes and not decorated:
                found.append(f"{reading.name_of(path)}:{node.lineno} {node.name}")
    assert found == []


def test_every_action_has_a_sentence():
    for code, functions in product(ACTIONS).items():
        for function in functions:
            doc = inspect.getdoc(function) or ""
            first = doc.splitlines()[0] if doc else ""
            where = f"{function.__module__}.{function.__qualname__} ({code})"
            assert first, f"{where} has no docstring"
            assert first[0].isupper(), f"{where}: {first}"
            assert first.endswith((".", "?")), f"{where}: {first}"
            assert len(first) <= 110, f"{where}: one sentence, please"


def test_every_action_names_a_known_permission_and_who_acts():
    for code, functions in product(ACTIONS).items():
        assert code in PERMISSIONS, code
        for function in functions:
            assert "by" in inspect.signature(function).parameters, function


def test_every_permission_is_granted_to_somebody():
    roles = [*staff.roles().values(), staff.resident()]
    granted = {code for role in roles for code in role.permissions}
    nobodys = set(product(PERMISSIONS)) - granted - set(SYSTEM)
    assert nobodys == set()
    assert not granted & set(SYSTEM), "this is for the house itself"


def test_every_code_that_is_granted_exists():
    for role in (*staff.roles().values(), staff.resident()):
        assert role.permissions <= set(PERMISSIONS), (
            f"{role.code}: {sorted(role.permissions - set(PERMISSIONS))}"
        )


def test_every_permission_is_there_for_something():
    idle = set(product(PERMISSIONS)) - set(ACTIONS) - READINGS
    code = [
        path.read_text("utf-8")
        for path in reading.sources()
        if reading.kind_of(path) != "permissions"
    ]
    assert {name for name in idle if not any(name in text for text in code)} == set()


def test_permissions_are_named_after_their_noun_and_labelled_in_chinese():
    for code, permission in product(PERMISSIONS).items():
        assert isinstance(permission, Permission)
        noun, dot, verb = code.partition(".")
        assert noun, code
        assert dot, code
        assert verb.replace("-", "").isalpha(), code
        assert any("\u4e00" <= sign <= "\u9fff" for sign in str(permission.label)), code


def test_every_role_sits_somewhere_and_sees_no_more_than_it_should():
    for role in staff.roles().values():
        assert set(role.levels) <= set(Level.values), role.code
        if role.reach == "county":
            assert not set(role.levels) & set(CARE_LEVELS) or role.code == "admin", role.code


def test_who_maintains_the_house_reads_nobodys_record():
    clinical = {"record.read", "record.write", "orders.read", "referral.read"}
    for code in ("admin", "bureau"):
        assert not staff.roles()[code].permissions & clinical, code


def test_every_act_on_a_referral_knows_in_which_states_it_makes_sense():
    for permission in ACTS:
        states = STATES[permission.code]
        assert states, permission.code
        for state in states:
            assert state in State
    for state in Referral.MOVES:
        assert any(state in STATES[act.code] for act in ACTS), f"nothing can be done in {state}"


def test_whatever_needs_approval_finds_somebody_who_approves():
    """A route with an approval begins in a house where a role may approve."""
    approving = {
        level
        for role in staff.roles().values()
        if "referral.approve" in role.permissions
        for level in role.levels or Level.values
    }
    for route in routes.routes():
        if route.approval != "never":
            assert route.source in approving, route.code


def test_every_duty_of_a_referral_can_be_done_where_it_falls():
    """A house of each level has a role for every act that the routes may put before it."""
    held: dict[str, set[str]] = {}
    for role in staff.roles().values():
        for level in role.levels or Level.values:
            held.setdefault(level, set()).update(role.permissions)
    sends = {"submit", "redirect", "cancel", "depart", "complete", "end"}
    takes = {"accept", "decline", "waitlist", "receive", "treat", "discharge", "close", "end"}
    for route in routes.routes():
        for level, duties in ((route.source, sends), (route.target, takes)):
            if level in ("any", "city", "emergency", "office", "pharmacy"):
                continue
            missing = {f"referral.{duty}" for duty in duties} - held[level]
            assert missing == set(), f"{route.code}: {level}"
        if route.direction == "down":
            assert "referral.follow-up" in held[route.target], route.code
