"""Who is who: what two registrations have in common, and how much it weighs.

`sketches` puts a registration in the form in which it is compared, `comparisons` says how two
sketches can agree, `weights` reads what each agreement is worth, `scoring` adds it up and
judges, `keys` names those who are worth comparing, `finding` asks the database for them, `bulk`
compares everybody with everybody through Splink.
"""

from xinglin.registry.people.matching.finding import Candidate, compare, find, find_all
from xinglin.registry.people.matching.scoring import Score, Verdict, score
from xinglin.registry.people.matching.sketches import Sketch, sketch

__all__ = [
    "Candidate",
    "Score",
    "Sketch",
    "Verdict",
    "compare",
    "find",
    "find_all",
    "score",
    "sketch",
]
