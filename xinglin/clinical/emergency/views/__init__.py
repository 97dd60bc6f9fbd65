"""The person's door to the green channel."""

from xinglin.clinical.emergency.views.acting import act, attached, detail, live, new
from xinglin.clinical.emergency.views.board import board, board_live, listing
from xinglin.clinical.emergency.views.reporting import export, report

__all__ = [
    "act",
    "attached",
    "board",
    "board_live",
    "detail",
    "export",
    "listing",
    "live",
    "new",
    "report",
]
