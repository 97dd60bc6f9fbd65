"""The person's door to consent, break-glass and review."""

from xinglin.clinical.privacy.views.opening import glass
from xinglin.clinical.privacy.views.reviewing import review

__all__ = ["glass", "review"]
