"""The weights of `catalogue/matching.toml`: m by EM, u by random pairs, through Splink.

    python -m bench.matching train

writes the file anew from the project's generated county; the seed is not that of the test.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from math import log2
from pathlib import Path
from typing import Any

from bench.matching.lookalikes import county
from xinglin.registry.people.matching import bulk, sketch
from xinglin.registry.people.matching.comparisons import COMPARISONS
from xinglin.registry.people.matching.weights import Weights

SEED = 20_261
PEOPLE = 30_000
PAIRS = 5e6
# A level seen in no pair of the sample is not impossible, only rarer than the sample can tell;
# and nobody's registrations are as clean as generated ones: each field is taken to be otherwise
# in one of fifty.
LEAST_U = 1e-7
LEAST_M = 0.02
# Set by hand: never seen in Chinese registers, needed for those who write Latin letters; and too
# rare in random pairs to be counted, though brothers and sisters share a mother.
BY_HAND = {("address", "spelled"): (0.1, 0.001), ("mother", "same"): (0.95, 0.0005)}
# Blocked by one thing at a time, so that each comparison is learnt where it is free to differ.
ROUNDS = (
    "l.card = r.card",
    "l.born = r.born AND l.parts = r.parts",
    "l.phone = r.phone AND l.born = r.born",
    "l.village = r.village AND l.name = r.name",
)

HEAD = """# 居民匹配（Fellegi–Sunter）：每项比较、每种一致程度的 m 与 u
# m：同一人出现的概率；u：不同人出现的概率。
# 权重 = log2(m / u)，单位比特；登记时的在线匹配与批量查重（Splink）用同一份。
# 由 `python -m bench.matching train` 写成，不手改；县里可用自己的数据训练后放在叠加目录中。
#
# prior.known_share  来登记的人已有档案的比例；与居民人数一起给出先验概率
# prior.rarest_name  姓名频率修正的下限：再少见的姓名也不当作更少见

[source]
title = "居民匹配权重"
document = "本项目生成的中文训练集（%(people)d 人，种子 %(seed)d），Splink 5 估计；不含真实数据"
edition = "%(edition)s"
valid_from = %(edition)s
confidence = "check"
"""


def train(path: Path, *, people: int = PEOPLE, seed: int = SEED) -> Weights:
    """Learn the weights and write the file; returns what was learnt."""
    rows = county(people, seed)
    start = _start()
    # Random pairs of people, not of registrations: the same person twice is what u is not about.
    strangers = _linker(county(people, seed, again=0), start)
    strangers.training.estimate_u_using_random_sampling(max_pairs=PAIRS, seed=seed)
    u = _learnt(strangers, "u_probability", LEAST_U)
    learner = _linker(rows, replace(start, u=u))
    for rule in ROUNDS:
        learner.training.estimate_parameters_using_expectation_maximisation(
            rule, fix_u_probabilities=True
        )
    m = _learnt(learner, "m_probability", LEAST_M)
    for key, (told_m, told_u) in BY_HAND.items():
        m[key], u[key] = told_m, told_u
    known = len(rows) / len({row.who for row in rows}) - 1
    found = Weights(
        m, u, round(known, 3), start.rarest_name, {k: log2(m[k] / u[k]) for k in m if k in u}
    )
    path.write_text(_text(found, people, seed), "utf-8")
    return found


def _start() -> Weights:
    """Where learning begins: the first level is the rule, every other the exception."""
    m, u = {}, {}
    for comparison in COMPARISONS:
        others = len(comparison.levels) - 1
        for at, level in enumerate(comparison.levels):
            m[comparison.code, level.code] = 0.9 if at == 0 else 0.1 / others
            u[comparison.code, level.code] = LEAST_U
    return Weights(m, u, 0.3, 1e-5, {})


def _linker(rows: list[Any], start: Weights) -> Any:
    import splink

    table = bulk.table((str(at), sketch(row, row.numbers)) for at, row in enumerate(rows))
    model = bulk.settings(start, len(rows))
    return splink.Linker(splink.DuckDBAPI().register(table), model, log_level="ERROR")


def _learnt(linker: Any, name: str, least: float) -> dict[tuple[str, str], float]:
    """What a linker has learnt of every level; a floor where it has seen too little."""
    found = {}
    for told in linker.misc.save_model_to_json()["comparisons"]:
        for level in told["comparison_levels"]:
            learnt = level.get(name)
            number = learnt if isinstance(learnt, int | float) else least
            found[told["output_column_name"], level["label_for_charts"]] = max(number, least)
    return found


def _text(found: Weights, people: int, seed: int) -> str:
    parts = [
        HEAD % {"people": people, "seed": seed, "edition": date.today().isoformat()},
        f"[prior]\nknown_share = {found.known_share:g}\nrarest_name = {found.rarest_name:.7f}\n",
    ]
    for comparison in COMPARISONS:
        lines = [f"[{comparison.code}]"]
        for level in comparison.levels:
            key = comparison.code, level.code
            lines.append(
                f"{level.code} = {{ m = {found.m[key]:.6f}, u = {found.u[key]:.8f} }}"
                f"  # {found.bits[key]:+.1f} 比特"
            )
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)
