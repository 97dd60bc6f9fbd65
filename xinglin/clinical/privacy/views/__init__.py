"""The person's door to consent, break-glass and review; and the resident's own pages."""

from xinglin.clinical.privacy.views.opening import (
    account,
    consents,
    glass,
    paper_code,
    take_over,
    withdraw,
)
from xinglin.clinical.privacy.views.own import (
    dispute,
    home,
    looked,
    my_code,
    my_consents,
    take_back,
)
from xinglin.clinical.privacy.views.reviewing import (
    export,
    flags,
    mark,
    readings,
    review,
    reviews,
    unwatch,
    watch,
    watched,
)

__all__ = [
    "account",
    "consents",
    "dispute",
    "export",
    "flags",
    "glass",
    "home",
    "looked",
    "mark",
    "my_code",
    "my_consents",
    "paper_code",
    "readings",
    "review",
    "reviews",
    "take_back",
    "take_over",
    "unwatch",
    "watch",
    "watched",
    "withdraw",
]
