"""Who may write, and who may read what."""

from __future__ import annotations

import ast

from tests.house import reading

WRITES = {
    "save",
    "create",
    "acreate",
    "bulk_create",
    "bulk_update",
    "update",
    "delete",
    "update_or_create",
    "get_or_create",
    "execute",
    "executemany",
}
WRITERS = {"actions", "listeners", "models"}

# Who writes besides them, and why nobody else's data is touched by it.
ALSO_WRITE = {
    "xinglin/portal/views.py": "one's own account: language, password, which news one has seen",
    "xinglin/ui/printing.py": "a QR code into memory, no row",
}


def is_write(call: ast.Call, name: str) -> bool:
    names = reading.chain(call.func)
    if name == "update":
        # A dict is updated by position; a queryset by keyword.
        return bool(call.keywords) and not call.args and len(names) > 1
    if name in ("execute", "executemany"):
        return "cursor" in names
    if name == "create":
        return "objects" in names or "_default_manager" in names
    return True


def test_only_actions_listeners_and_models_write():
    found = [
        f"{reading.name_of(path)}:{call.lineno} {'.'.join(reading.chain(call.func))}"
        for path in reading.sources()
        if reading.room_of(path) != "kernel"
        and reading.kind_of(path) not in WRITERS
        and reading.name_of(path) not in ALSO_WRITE
        for call, name in reading.called(path)
        if name in WRITES and is_write(call, name)
    ]
    assert found == []


def test_who_may_write_besides_them_still_needs_to():
    for name in ALSO_WRITE:
        path = reading.ROOT / name
        assert path.exists(), name
        assert any(
            verb in WRITES and is_write(call, verb) for call, verb in reading.called(path)
        ), f"{name} writes no more: take it off the list"


# A queryset that a door builds begins with what its caller may see.
BEGINNINGS = {"replaced_for", "visible_to", "waiting_for", "for_actor", "none"}
# Readings that hang on something visible in a way that the code does not show.
ALSO_READ = {
    "xinglin/clinical/careplans/fhir.py PlanItem.objects.filter.order_by": (
        "prefetched for plans that are visible"
    ),
    "xinglin/registry/staff/api.py Post.objects.held_on.select_related.order_by": (
        "prefetched for practitioners that are visible"
    ),
    "xinglin/registry/agreements/api.py Agreement.objects.covering": (
        "a sentence about two houses that are visible"
    ),
    "xinglin/clinical/privacy/fhir.py User.objects.filter.values": (
        "the practitioner behind the account of a line that is visible"
    ),
    "xinglin/registry/people/fhir.py Identifier.objects.filter": (
        "narrows a search among people that are visible"
    ),
    "xinglin/registry/people/fhir.py Identifier.objects.order_by": (
        "prefetched for people that are visible"
    ),
}


def test_doors_read_only_what_their_caller_may_see():
    """`Model.objects.…` in a door says `visible_to`, or filters by a row that was visible."""
    found = []
    for path in reading.sources():
        if reading.kind_of(path) not in ("views", "api", "forms", "fhir"):
            continue
        parents = {
            id(child): node
            for node in ast.walk(reading.tree(path))
            for child in ast.iter_child_nodes(node)
        }
        for node in ast.walk(reading.tree(path)):
            if not (isinstance(node, ast.Attribute) and node.attr == "objects"):
                continue
            names = _whole_chain(node, parents)
            key = f"{reading.name_of(path)} {'.'.join(names)}"
            open_to_see = BEGINNINGS & set(names) or _hangs_on_a_row(node, parents)
            if not open_to_see and key not in ALSO_READ:
                found.append(f"{key} (line {node.lineno})")
    assert found == []


def _whole_chain(node: ast.AST, parents: dict[int, ast.AST]) -> list[str]:
    top = _top(node, parents)
    return reading.chain(top)


def _top(node: ast.AST, parents: dict[int, ast.AST]) -> ast.AST:
    """The end of the chain that begins at `Model.objects`."""
    while True:
        parent = parents.get(id(node))
        within = (
            isinstance(parent, ast.Attribute)
            or (isinstance(parent, ast.Call) and parent.func is node)
            or (isinstance(parent, ast.Subscript) and parent.value is node)
        )
        if not within or parent is None:
            return node
        node = parent


def _hangs_on_a_row(node: ast.AST, parents: dict[int, ast.AST]) -> bool:
    """`filter(organisation=house)`: the row in the filter was found through `visible_to`.

    That the row was is what `test_every_address_with_every_role` tries out.
    """
    top = _top(node, parents)
    calls = [n for n in ast.walk(top) if isinstance(n, ast.Call)]
    return any(
        keyword.arg and isinstance(keyword.value, ast.Name | ast.Attribute)
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "filter"
        for keyword in call.keywords
    )


def test_below_the_doors_nobody_knows_of_http():
    forbidden = {"django.http", "django.shortcuts", "ninja", "django.views"}
    found = []
    for path in reading.sources():
        below = reading.room_of(path) == "kernel" or reading.kind_of(path) in {
            "actions",
            "events",
            "permissions",
            "models",
            "rules",
            "catalogue",
        }
        if not below or reading.room_of(path) in ("portal", "gateway", "ui", "config"):
            continue
        for node in ast.walk(reading.tree(path)):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                if any(name == f or name.startswith(f + ".") for f in forbidden):
                    found.append(f"{reading.name_of(path)}:{node.lineno} {name}")
    assert found == []


# Where a list is cut, and why nothing is lost by it. Any other slice of a queryset is a list
# that somebody cannot read to its end.
CUTS = {
    "xinglin/clinical/record/views/paper.py heads[:VISITS]": "the paper says of how many",
    "xinglin/clinical/record/views/portrait.py lines.heads[:size + 1]": (
        "a page of the past; the next begins where it ended, one more is read to say that there is"
    ),
    "xinglin/clinical/record/views/portrait.py heads[:size]": "the same page",
    "xinglin/clinical/record/views/portrait.py FURTHER[:size]": "places for ids, no rows",
    "xinglin/clinical/record/views/portrait.py values[:len(PERSON)]": "the columns of one row",
    "xinglin/clinical/referral/views/destinations.py listed[:FIRST]": "the others are folded below",
    "xinglin/clinical/referral/views/writing.py join[:100]": "words of one letter, no rows",
    "xinglin/portal/views.py mine[:8]": "beside the count and the way to the whole inbox",
    "xinglin/portal/views.py others[:6]": "beside the count and the way to the whole list",
    **{
        f"{name} {rows}": "suggestions while typing; one more is read to say that there are more"
        for name, rows in (
            ("xinglin/registry/organisations/views.py", "found[:SUGGESTED]"),
            ("xinglin/registry/people/views.py", "found[:SUGGESTED]"),
            (
                "xinglin/registry/people/views.py",
                "SearchKey.objects.visible_to.matching[:SUGGESTED + 1]",
            ),
            (
                "xinglin/registry/organisations/views.py",
                "houses.matching.select_related.in_order[:SUGGESTED + 1]",
            ),
            ("xinglin/registry/terminology/views.py", "found[:SUGGESTED]"),
            ("xinglin/clinical/orders/views/writing.py", "found[:SUGGESTED]"),
        )
    },
}
# The page itself: from where it begins, as long as it was asked to be.
PAGES = ("start + asked.page_size", "start + paging.page_size", "end")


def test_every_list_pages_and_none_is_cut():
    assert [place for key, place in _cuts().items() if key not in CUTS] == []


def _cuts() -> dict[str, str]:
    """Each slice of rows and each `limit=` in a door, and where it stands."""
    found = {}
    for path in reading.sources():
        if reading.kind_of(path) not in ("views", "api") and reading.name_of(path) not in (
            "xinglin/portal/context.py",
        ):
            continue
        for node in ast.walk(reading.tree(path)):
            what = ""
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
                upper = node.slice.upper
                names = reading.chain(node.value)
                page = upper is not None and ast.unparse(upper) in PAGES and node.slice.lower
                if upper is not None and not page and _is_rows(names):
                    what = f"{'.'.join(names)}[:{ast.unparse(upper)}]"
            elif isinstance(node, ast.keyword) and node.arg == "limit":
                what = f"limit={ast.unparse(node.value)}"
            if what:
                key = f"{reading.name_of(path)} {what}"
                found[key] = f"{key} (line {node.lineno})"  # type: ignore[attr-defined]
    return found


def _is_rows(names: list[str]) -> bool:
    """A name in the plural or a chain of queryset methods; a text is cut elsewhere."""
    texts = {
        "text",
        "path",
        "name",
        "number",
        "digest",
        "key",
        "words",
        "META",
        "GET",
        "headers",
        "title",
    }
    return not texts & set(names)


def test_what_is_cut_with_a_reason_is_still_cut():
    assert sorted(set(CUTS) - set(_cuts())) == []
