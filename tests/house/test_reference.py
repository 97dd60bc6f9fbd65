"""docs/reference and docs/glossary.md say what the code says.

`make golden` writes the reference pages anew; the glossary is written by hand.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from django.apps import apps
from django.utils import translation

from xinglin.clinical.referral import catalogue as referral_catalogue
from xinglin.clinical.triage import catalogue as triage_catalogue
from xinglin.config import cli
from xinglin.config.environment import Environment
from xinglin.gateway.fhir import asking as fhir_asking
from xinglin.gateway.fhir import registry as fhir_registry
from xinglin.kernel import actions, parameters
from xinglin.kernel.access import Permission
from xinglin.kernel.records import Staged
from xinglin.registry.staff import catalogue as staff_catalogue

ROOT = Path(__file__).resolve().parent.parent.parent
REFERENCE = ROOT / "docs" / "reference"
GLOSSARY = ROOT / "docs" / "glossary.md"
MAKE_GOLDEN = "“make golden” writes it anew"

# What each setting is for; the names, kinds and defaults come from the code.
SETTINGS = {
    "XINGLIN_HOME": "Folder for database, media, keys, static files. Nothing is written elsewhere.",
    "XINGLIN_ENV": "`demo` has the demo county and answers any host; `production` has neither, "
    "asks for SECRET_KEY and sends cookies only over HTTPS.",
    "DATABASE_URL": "`sqlite:///file`, `sqlite:////absolute/file` or "
    "`postgres://user:password@host:port/name`. Empty: an SQLite file in XINGLIN_HOME. Behind a "
    "pooler that does not carry prepared statements along, add `?prepare=off`.",
    "SECRET_KEY": "Signs sessions and the codes on referral letters. Empty in a demo: one is made "
    "and kept in XINGLIN_HOME. Required in production.",
    "XINGLIN_CATALOGUE": "The county's own folder of catalogue files, laid over `catalogue/`.",
    "LANGUAGE_CODE": "Language of the pages until a reader chooses.",
    "XINGLIN_HOSTS": "Host names that are answered, separated by commas. Required in production.",
    "XINGLIN_ORIGINS": "Addresses under which people reach the house through a proxy, separated by "
    "commas, such as `https://xinglin.example`; with https the proxy's X-Forwarded-Proto counts.",
    "XINGLIN_DEBUG": "Django's debug pages. Never where there are real people.",
    "XINGLIN_METRICS_TOKEN": "Bearer token with which another machine may read /metrics.",
}


def rooms() -> Iterator[str]:
    """Every app of ours, in the order of the settings."""
    for config in apps.get_app_configs():
        if config.name.startswith("xinglin."):
            yield config.name


def module(name: str) -> ModuleType | None:
    return import_module(name) if find_spec(name) else None


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    heads = list(head)
    lines = [heads, ["---"] * len(heads), *[list(map(str, row)) for row in rows]]
    return "".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |\n"
        for line in lines
    )


def code(text: object) -> str:
    return f"`{text}`" if text not in ("", None) else ""


def page(title: str, intro: str, *parts: str) -> str:
    made = "<!-- Written from the code by tests/house/test_reference.py: make golden. -->"
    return "\n".join([f"# {title}\n", f"{made}\n", f"{intro}\n", *parts])


# ------------------------------------------------------------------------------------- the pages


def permissions_page() -> str:
    roles = list(staff_catalogue.roles().values())
    parts = [
        "## Roles 岗位角色\n",
        table(
            ("Code", "中文", "English", "Sees", "May sit at"),
            (
                (code(r.code), r.zh, r.en, r.reach.value, ", ".join(r.levels) or "anywhere")
                for r in roles
            ),
        ),
    ]
    for app in rooms():
        told = module(f"{app}.permissions")
        if told is None:
            continue
        module(f"{app}.actions")
        found = [value for value in vars(told).values() if isinstance(value, Permission)]
        parts += [
            f"## {app.removeprefix('xinglin.')}\n",
            table(
                ("Permission", "中文", "Acts", "Roles"),
                (
                    (
                        code(permission.code),
                        permission.label,
                        "; ".join(_acts(permission.code)),
                        ", ".join(r.code for r in roles if permission.code in r.permissions) or "—",
                    )
                    for permission in sorted(found, key=lambda each: each.code)
                ),
            ),
        ]
    return page(
        "Permissions and roles 权限与岗位",
        "Which role holds a permission is set in `catalogue/roles.toml`; which records it covers "
        "is said beside the permission in each app's `permissions.py`. A post sees its own house "
        "(`house`), its house and those below (`subtree`), or the county (`county`). `—`: no role "
        "holds it; the house's own clocks and listeners need none.",
        *parts,
    )


def _acts(permission: str) -> list[str]:
    """The actions behind a permission, each with its sentence."""
    found = []
    for act in actions.REGISTRY.get(permission, []):
        if act.__module__.startswith("xinglin.") and ".tests." not in act.__module__:
            sentence = " ".join((act.__doc__ or "").split("\n\n")[0].split()).rstrip(".:")
            found.append(f"`{act.__name__}` {sentence}")
    return found


def parameters_page() -> str:
    return page(
        "Parameters 参数",
        "Every threshold, time limit and switch, from `catalogue/parameters.toml`. A county lays "
        "its own `parameters.toml` over it (`XINGLIN_CATALOGUE`). Confidence: `sure` — the text "
        "was read; `likely` — usual practice; `check` — compare with the official text first.",
        table(
            ("Key", "中文", "English", "Value", "Unit", "Source 依据", "In force", "Confidence"),
            (
                (
                    code(p.key),
                    p.zh,
                    p.en,
                    "; ".join(map(_said, p.value)) if isinstance(p.value, list) else p.value,
                    p.unit,
                    p.source,
                    p.valid_from,
                    p.confidence,
                )
                for p in parameters.every()
            ),
        ),
    )


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return str(value)


def settings_page() -> str:
    rows = []
    for field in Environment.model_fields.values():
        name = str(field.alias)
        assert name in SETTINGS, f"Say in tests/house/test_reference.py what {name} is for."
        kind = getattr(field.annotation, "__args__", None)
        choices = " / ".join(map(code, kind)) if kind else _kind(field.annotation)
        rows.append((code(name), choices, code(field.default), SETTINGS[name]))
    rows += [
        (code("HOST"), "text", code("127.0.0.1"), "Address that `xinglin serve` listens on."),
        (code("PORT"), "number", code("8000"), "Port that `xinglin serve` listens on."),
    ]
    return page(
        "Settings 设置",
        "Read from the environment once, at the start; a wrong or missing value stops the start "
        "with one sentence.",
        table(("Name", "Value", "Default", "For"), rows),
    )


def _kind(annotation: Any) -> str:
    return {Path: "folder", bool: "`true` / `false`"}.get(annotation, "text")


def commands_page() -> str:
    parts = ["## make\n", table(("Command", "Does"), _make_targets())]
    for path, command in _commands(cli.main, "xinglin"):
        parts.append(f"## {path}\n\n{' '.join((command.help or '').split())}\n")
        rows = [(code(_usage(param)), _default(param), _help(param)) for param in command.params]
        if rows:
            parts.append(table(("Argument or option", "Default", ""), rows))
    return page(
        "Commands 命令",
        "`make` from the folder of the checkout; `xinglin` is `.venv/bin/xinglin`. Exit code 0 "
        "done, 1 refused with a sentence, 2 wrong usage.",
        *parts,
    )


def _make_targets() -> list[tuple[str, str]]:
    lines = (ROOT / "Makefile").read_text("utf-8").splitlines()
    found = [re.fullmatch(r"([a-z-]+):.*?## (.+)", line) for line in lines]
    return [(code(f"make {each[1]}"), each[2]) for each in found if each]


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _usage(param: click.Parameter) -> str:
    if isinstance(param, click.Argument):
        return (param.name or "").upper() + (" …" if param.nargs == -1 else "")
    return ", ".join(param.opts)


def _default(param: click.Parameter) -> str:
    default = param.default() if callable(param.default) else param.default
    return code(default) if isinstance(default, str | int) and default is not False else ""


def _help(param: click.Parameter) -> str:
    return getattr(param, "help", None) or ""


def states_page() -> str:
    parts = []
    for model in apps.get_models():
        if not issubclass(model, Staged) or not model.__module__.startswith("xinglin."):
            continue
        told = module(f"{model.__module__.rpartition('.')[0]}.permissions")
        acts = getattr(told, "STATES", {})
        states = type(next(iter(model.MOVES)))
        parts += [
            f"## {model.__name__} {model._meta.verbose_name}\n",
            table(
                ("State", "中文", "May become", "Acts that make sense here"),
                (
                    (
                        code(state.value),
                        state.label,
                        ", ".join(s.value for s in states if s in model.MOVES.get(state, ()))
                        or "—",
                        ", ".join(_short(act) for act, where in acts.items() if state in where)
                        or "—",
                    )
                    for state in states
                ),
            ),
        ]
    parts += [
        "## Routes of referral 转诊路径\n",
        "From `catalogue/referral-routes.toml`; only those that are open. Approval is the sender's "
        "own (转出审核): `inpatient` only while the patient lies in a ward of the sender.\n",
        table(
            ("Route", "From", "To", "Direction", "Approval"),
            (
                (code(r.code), r.source, r.target, r.direction, r.approval)
                for r in referral_catalogue.routes()
            ),
        ),
    ]
    return page(
        "States 状态",
        "The state tables of the workflows: a record moves only along “may become”. Who owes the "
        "next step in each state is described in docs/architecture.md.",
        *parts,
    )


def fhir_page() -> str:
    parts = []
    for kind, offers in sorted(fhir_registry.TYPES.items()):
        models = " / ".join(f"{o.model.__name__} {o.model._meta.verbose_name}" for o in offers)
        ordered = fhir_asking.sortable(kind)
        parts += [
            f"## {kind}\n",
            f"{models}. "
            + ("A reading leaves a line in the trail.\n" if offers[0].person else "Directory.\n"),
            table(
                ("Parameter", "Type", "Modifiers", "Leads to", "Orders", "Followed by `_include`"),
                (
                    (
                        code(name),
                        parameter.kind,
                        ", ".join(code(f":{each}") for each in parameter.modifiers),
                        ", ".join(getattr(parameter, "targets", ())),
                        "yes" if name in ordered else "",
                        "yes" if name in fhir_registry.pointers(kind) else "",
                    )
                    for name, parameter in fhir_registry.parameters(kind).items()
                ),
            ),
        ]
    return page(
        "FHIR R4 at `/fhir/`",
        "What can be read and searched, made of the registry that serves it "
        "(`xinglin.gateway.fhir.registry`). Under `Patient/{id}/…` too: "
        + ", ".join(sorted(fhir_registry.COMPARTMENT))
        + ". Also `Patient/{id}/$everything` (`_type`, `_since`, `_count`), `Binary/{id}`, "
        "`metadata`, `.well-known/smart-configuration`. For every search: "
        + ", ".join(map(code, fhir_asking.SHAPES))
        + ". A parameter of what a reference leads to follows a dot: `patient.identifier`.",
        *parts,
    )


def triage_page() -> str:
    numbers = triage_catalogue.numbers()
    parts = [
        "## Green channels 绿色通道\n",
        table(
            ("Code", "中文", "English"),
            ((code(c.code), c.zh, c.en) for c in triage_catalogue.channels().values()),
        ),
    ]
    for group in triage_catalogue.groups().values():
        rules = [rule for rule in triage_catalogue.rules() if rule.group.code == group.code]
        parts += [
            f"## {group.en} {group.zh}\n\n{group.source}; {group.article} ({group.confidence})\n",
            table(
                ("Rule", "ICD-10", "Speaks to", "When", "Answer", "中文"),
                (
                    (
                        code(r.code),
                        " ".join("–".join(dict.fromkeys(span)) for span in r.spans) or "any",
                        ", ".join(r.at),
                        "; ".join(code(each) for each in r.written) or "always",
                        " ".join(filter(None, (r.answer, r.channel, r.to, r.department, *r.needs))),
                        r.zh,
                    )
                    for r in rules
                ),
            ),
        ]
    levels = triage_catalogue.desk().levels
    parts += [
        "## Levels at the desk 预检分诊四级\n",
        table(
            ("Level", "中文", "Minutes", "Route"),
            ((each.code, each.zh, each.minutes, each.route_zh) for each in levels.values()),
        ),
        table(
            ("Criterion", "Level", "中文", "English"),
            ((code(c.code), c.level, c.zh, c.en) for c in triage_catalogue.desk().criteria),
        ),
        "## Numbers 指标\n",
        table(
            ("Code", "中文", "Unit", "Possible", "LOINC", "Days", "More alarming"),
            (
                (
                    code(n.code),
                    n.zh,
                    n.unit,
                    f"{n.low:g}–{n.high:g}",
                    " ".join(n.loinc),
                    n.days,
                    n.worse,
                )
                for n in numbers.values()
            ),
        ),
        "## Signs 征象\n",
        table(
            ("Code", "中文", "English", "Words"),
            (
                (code(s.code), s.zh, s.en, "、".join(s.words))
                for s in triage_catalogue.signs().values()
            ),
        ),
        "## Reasons to decide otherwise 另有决定的原因\n",
        table(
            ("Code", "中文", "English"),
            ((code(r.code), r.zh, r.en) for r in triage_catalogue.reasons().values()),
        ),
    ]
    return page(
        "Triage rules 分诊规则",
        "All rules of `catalogue/triage-rules.toml` and `pretriage.toml`, with what each rests on. "
        "A county lays its own files over these (`XINGLIN_CATALOGUE`). Within a condition, `|` "
        "parts alternatives and `;` what must hold together. The disease lists are "
        f"`tiered-township.csv` ({len(triage_catalogue.township_list().rows)} rows) and "
        f"`tiered-county.csv` ({len(triage_catalogue.county_list().rows)}).",
        *parts,
    )


def _short(permission: str) -> str:
    return permission.partition(".")[2]


PAGES: dict[str, Callable[[], str]] = {
    "permissions": permissions_page,
    "parameters": parameters_page,
    "settings": settings_page,
    "commands": commands_page,
    "states": states_page,
    "fhir": fhir_page,
    "triage": triage_page,
}


@pytest.mark.parametrize("name", PAGES)
def test_golden_reference_page_says_what_the_code_says(name: str, monkeypatch) -> None:
    # As a stranger's machine would show them.
    monkeypatch.delenv("HOST", raising=False)
    monkeypatch.delenv("PORT", raising=False)
    with translation.override("zh-hans"):
        text = PAGES[name]()
    path = REFERENCE / f"{name}.md"
    if os.environ.get("XINGLIN_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert path.exists(), f"docs/reference/{name}.md is missing: {MAKE_GOLDEN}"
    assert path.read_text("utf-8") == text, f"docs/reference/{name}.md is old: {MAKE_GOLDEN}"


# ---------------------------------------------------------------------------------- the glossary


def _nouns() -> set[str]:
    """What the glossary must explain: apps, models, roles, the states of workflows."""
    found = {name.removeprefix("xinglin.") for name in rooms()}
    found |= set(staff_catalogue.roles())
    for model in apps.get_models():
        if model.__module__.startswith("xinglin.") and not model._meta.auto_created:
            found.add(model.__name__)
            if issubclass(model, Staged):
                found |= {state.value for state in type(next(iter(model.MOVES)))}
    return found


def test_the_glossary_knows_every_app_model_role_and_state() -> None:
    text = GLOSSARY.read_text("utf-8")
    missing = sorted(noun for noun in _nouns() if f"`{noun}`" not in text)
    assert not missing, f"Say in docs/glossary.md what these are: {', '.join(missing)}"
