"""Pages of a long list, with a total that never makes the reader wait.

A page that is the last one tells the total by itself. Otherwise counting stops at `limit`; beyond
it the page says "10,000+" and fetches the exact total from its own address with `?total=1`, which
`page()` answers by itself when the context holds `pager`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

M = TypeVar("M", bound=Model)

SIZES = (20, 50, 100, 200)
LARGEST = SIZES[-1]
COUNT_LIMIT = 10_000
# No list is so long; a larger number would be none to the database.
FURTHEST = 10**9

# Counts no further than a limit (None: to the end); how many, and whether those are all.
Counting = Callable[[int | None], tuple[int, bool]]


def counter(queryset: QuerySet[M]) -> Counting:
    """Counts the rows of a queryset."""
    rows = queryset.order_by()

    def count(limit: int | None) -> tuple[int, bool]:
        if limit is None:
            return rows.count(), True
        found = rows[: limit + 1].count()
        return min(found, limit), found <= limit

    return count


class Pager(Generic[M]):
    """One page of a queryset: `.items`, `.count`, and the way to its neighbours.

    `number` beyond the end gives the last page. `exact` is False when counting stopped at
    `limit`; `count` is then what was counted until there. `counting` counts the same rows where
    there is a cheaper way than through the queryset.
    """

    def __init__(
        self,
        queryset: QuerySet[M],
        *,
        number: int = 1,
        size: int = SIZES[0],
        limit: int = COUNT_LIMIT,
        counting: Counting | None = None,
        total_asked: bool = False,
        query: str = "",
    ) -> None:
        self.queryset = queryset
        self.counting = counting or counter(queryset)
        self.size = max(1, min(size, LARGEST))
        self.limit = limit
        self.total_asked = total_asked
        self.query = query
        self._asked = max(1, min(number, FURTHEST))

    @cached_property
    def _counted(self) -> tuple[int, bool]:
        """How many rows were counted, and whether those are all."""
        number, rows, more = self._window
        if not more:
            return (number - 1) * self.size + len(rows), True
        return self.counting(self.limit)

    @property
    def exact(self) -> bool:
        return self._counted[1]

    @property
    def count(self) -> int:
        return self._counted[0]

    @cached_property
    def _window(self) -> tuple[int, list[M], bool]:
        """Page number, its rows, and whether another page follows."""
        number = self._asked
        rows = self._rows(number)
        if not rows and number > 1:
            number = -(-self.counting(None)[0] // self.size) or 1
            rows = self._rows(number)
        return number, rows[: self.size], len(rows) > self.size

    def _rows(self, number: int) -> list[M]:
        start = (number - 1) * self.size
        return list(self.queryset[start : start + self.size + 1])

    @property
    def items(self) -> list[M]:
        return self._window[1]

    @property
    def number(self) -> int:
        return self._window[0]

    @property
    def has_next(self) -> bool:
        return self._window[2]

    @property
    def has_previous(self) -> bool:
        return self.number > 1

    @property
    def next_number(self) -> int:
        return self.number + 1

    @property
    def previous_number(self) -> int:
        return self.number - 1

    @property
    def pages(self) -> int:
        """How many pages there are; when the total is not exact, how many are known."""
        return max(1, -(-self.count // self.size))

    @property
    def first_row(self) -> int:
        return (self.number - 1) * self.size + 1 if self.items else 0

    @property
    def last_row(self) -> int:
        return (self.number - 1) * self.size + len(self.items)

    @property
    def numbers(self) -> list[int | None]:
        """Page numbers to offer, None where some are left out: 1 … 4 5 6 … 20."""
        last = self.pages if self.exact else max(self.number + self.has_next, self.number)
        near = range(max(1, self.number - 1), min(last, self.number + 1) + 1)
        wanted = sorted({1, *near, last})
        shown: list[int | None] = []
        for n in wanted:
            if shown and shown[-1] is not None and n - shown[-1] > 1:
                shown.append(n - 1 if n - shown[-1] == 2 else None)
            shown.append(n)
        return shown

    @property
    def count_text(self) -> str:
        return f"{self.count:,}" + ("" if self.exact else "+")

    def query_for(self, number: int) -> str:
        """The query string of another page of the same filtered list."""
        asked = QueryDict(self.query, mutable=True)
        asked.pop("total", None)
        asked["page"] = str(number)
        if "page_size" in asked:
            asked["page_size"] = str(self.size)
        return asked.urlencode()

    @property
    def total_query(self) -> str:
        asked = QueryDict(self.query, mutable=True)
        asked["total"] = "1"
        return asked.urlencode()

    @property
    def sizes(self) -> list[int]:
        return sorted({*SIZES, self.size})

    @property
    def kept(self) -> list[tuple[str, str]]:
        """The filter as name and value pairs, for the form that changes the page size."""
        asked = QueryDict(self.query)
        left_out = {"page", "page_size", "total"}
        return [(k, v) for k, values in asked.lists() if k not in left_out for v in values]

    def exact_text(self) -> str:
        """The exact total, counted to the end whatever it takes."""
        return f"{self.counting(None)[0]:,}"


def paginate(
    request: HttpRequest,
    queryset: QuerySet[M],
    size: int = SIZES[0],
    limit: int = COUNT_LIMIT,
    counting: Counting | None = None,
) -> Pager[M]:
    """The page of `queryset` that the request asks for by `page` and `page_size`."""
    asked = _whole(request.GET.get("page_size"), size)
    if asked > LARGEST:
        messages.info(request, _("每页最多显示 %(n)d 条。") % {"n": LARGEST})
    return Pager(
        queryset,
        number=_whole(request.GET.get("page"), 1),
        size=asked,
        limit=limit,
        counting=counting,
        total_asked=request.GET.get("total") == "1",
        query=request.GET.urlencode(),
    )


def _whole(text: str | None, otherwise: int) -> int:
    try:
        number = int(text or otherwise)
    except ValueError:
        return otherwise
    return number if number > 0 else otherwise
