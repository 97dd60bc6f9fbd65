"""Two contracts that import-linter does not have; pyproject.toml uses them.

Both look at direct imports only: the layers already forbid the roundabout ways.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.domain.helpers import module_expressions_to_modules

TESTS = "tests"


class DoorsContract(Contract):
    """An app's doors are for the world outside; other apps use its models and actions.

    `doors` are module names inside an app, `rooms` the packages whose apps are held to this,
    `assembly` those who may import every door. New apps need no line anywhere.
    """

    type_name = "doors"

    doors: Any = fields.SetField(subfield=fields.StringField())
    rooms: Any = fields.ListField(subfield=fields.StringField())
    assembly: Any = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        illegal = sorted(self._illegal(graph))
        return ContractCheck(kept=not illegal, metadata={"illegal": illegal})

    def _illegal(self, graph: ImportGraph) -> Iterator[str]:
        for door in graph.modules:
            app = self._app_behind(door)
            if app is None:
                continue
            allowed = (app, *self.assembly)
            for importer in graph.find_modules_that_directly_import(door):
                if not any(_within(importer, home) for home in allowed):
                    yield f"{importer} uses {door}, a door of {app}"

    def _app_behind(self, module: str) -> str | None:
        """`xinglin.registry.people.api.search` is a door of `xinglin.registry.people`."""
        for room in self.rooms:
            if not _within(module, room):
                continue
            inside = module.split(".")[room.count(".") + 1 :]
            # A room may itself be one app (portal), so that the door is its own child.
            for depth, name in enumerate(inside[:2]):
                if name in self.doors:
                    return ".".join([room, *inside[:depth]])
        return None

    def render_broken_contract(self, check: ContractCheck) -> None:
        for sentence in check.metadata["illegal"]:
            output.print_error(sentence)
        output.new_line()


class NoHttpContract(Contract):
    """What is below the doors does not know how it was asked.

    import-linter sees only the first name of an external package (`django`), while the question
    here is `django.http`; so the importing line itself is read.
    """

    type_name = "no_http"

    modules: Any = fields.ListField(subfield=fields.ModuleExpressionField())
    packages: Any = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        illegal = []
        for package in self.packages:
            top, _, rest = package.partition(".")
            spellings = [rf"\b{re.escape(package)}\b"]
            if rest:
                spellings.append(rf"from {top} import .*\b{re.escape(rest)}\b")
            wanted = re.compile("|".join(spellings))
            if top not in graph.modules:
                continue
            for importer in sorted(self._held(graph)):
                for detail in graph.get_import_details(importer=importer, imported=top):
                    if wanted.search(detail["line_contents"]):
                        illegal.append(
                            f"{importer}, line {detail['line_number']}: {detail['line_contents']}"
                        )
        return ContractCheck(kept=not illegal, metadata={"illegal": illegal})

    def _held(self, graph: ImportGraph) -> set[str]:
        found = module_expressions_to_modules(graph, self.modules, as_packages=True)
        return {module.name for module in found if TESTS not in module.name.split(".")}

    def render_broken_contract(self, check: ContractCheck) -> None:
        for sentence in check.metadata["illegal"]:
            output.print_error(sentence)
        output.new_line()


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")
