"""What the world says: one file a probe, and their schedule.

`build` makes the seven probes, `Schedule` asks them again and again, and `once` asks each one time.
"""

from tui.probes.catalogue import build
from tui.probes.probe import Probe
from tui.probes.schedule import Schedule, bounded, once

__all__ = ["Probe", "Schedule", "bounded", "build", "once"]
