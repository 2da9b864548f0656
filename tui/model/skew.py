"""This machine's clock and the servers': whether they differ, and how that is said. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from tui.model.times import span

# Under this the whole seconds of an answer's `Date` and the way tell nothing.
DIFFERS = timedelta(seconds=2)
# From here on moments on the timeline, and what is set against them, mislead.
MISLEADS = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard of a server's clock: how far ours is ahead of it, and how far that may be wrong."""

    server: str
    ahead: timedelta
    give: timedelta = timedelta(0)

    @property
    def differs(self) -> bool:
        """Whether the two clocks differ, whatever the way of the answer took."""
        return abs(self.ahead) - self.give > DIFFERS


@dataclass(frozen=True, slots=True)
class Skew:
    """That clocks differ: a sentence, and whether moments mislead by it."""

    told: str
    misleads: bool


def skew(heard: Iterable[Heard]) -> Skew | None:
    """How this machine's clock differs from those that it heard; None where it does not."""
    heard = tuple(heard)
    off = sorted((one for one in heard if one.differs), key=lambda one: (-abs(one.ahead), one.server))
    if not off:
        return None
    ahead = [one for one in off if (one.ahead > timedelta(0)) == (off[0].ahead > timedelta(0))]
    names = ", ".join(sorted(one.server for one in ahead[:3])) + (", …" if len(ahead) > 3 else "")
    middle = sorted(abs(one.ahead) for one in ahead)[len(ahead) // 2]
    way = "ahead of" if off[0].ahead > timedelta(0) else "behind"
    whose = "the servers'" if len(ahead) > 1 else "the server's"
    told = f"this machine's clock is {span(middle)} {way} {whose} ({names})"
    if len(ahead) < len(heard):
        told += f"; not of {len(heard) - len(ahead)} other{'s' if len(heard) - len(ahead) > 1 else ''}"
    return Skew(told, middle >= MISLEADS)
