"""The person's door to orders."""

from xinglin.clinical.orders.views.acting import act, detail
from xinglin.clinical.orders.views.queue import pass_all, review
from xinglin.clinical.orders.views.sheet import check_all, paper, sheet
from xinglin.clinical.orders.views.ward import give, listing, rounds
from xinglin.clinical.orders.views.writing import new, repeat, search, sign, use_set, verbal

__all__ = [
    "act",
    "check_all",
    "detail",
    "give",
    "listing",
    "new",
    "paper",
    "pass_all",
    "repeat",
    "review",
    "rounds",
    "search",
    "sheet",
    "sign",
    "use_set",
    "verbal",
]
