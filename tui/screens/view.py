"""The mapping from the model to what the widgets show: pure functions, no clock, no Textual.

Every function takes the snapshot and the time and gives a frozen value; equal values mean that
nothing has to be painted again. Times are in UTC unless a zone is given. This is the face of the
modules that map one part of the screen each.
"""

from tui.screens.banners import arming, banner, lease, offer
from tui.screens.bells import ended, overdue, worsened
from tui.screens.here import do_here
from tui.screens.history import timeline, timeline_row, writers
from tui.screens.readings import NAMES, chart, checks, short_model
from tui.screens.words import Places, age, clock, moment, zone_name

__all__ = [
    "NAMES",
    "Places",
    "age",
    "arming",
    "banner",
    "chart",
    "checks",
    "clock",
    "do_here",
    "ended",
    "lease",
    "moment",
    "offer",
    "overdue",
    "short_model",
    "timeline",
    "timeline_row",
    "worsened",
    "writers",
    "zone_name",
]
