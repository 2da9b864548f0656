"""The shared place for commands: opened with the settings, its refusals told with an exit code."""

import contextlib
import os
from collections.abc import AsyncIterator

from tui.cli import CANNOT_TELL, PROBLEM, USAGE, Options
from tui.cli.output import Failure
from tui.clients.cluster_errors import RETRY, ClusterError, Reason
from tui.clients.shared_asking import AGAIN
from tui.clients.shared_place import Opened, SharedPlace
from tui.model.redaction import Redactor
from tui.model.sharing import SharedIncident
from tui.settings import Settings, load
from tui.sharing.overview import incidents

NOT_SET = (
    "Nothing is shared: sharing.namespace is not set. Write it into the settings, such as leeward; "
    "docs/sharing.md has every step."
)
# What a console offers or does by itself, and what it is for a command that asks once.
_ONCE = (
    (RETRY, "Then run this again."),
    (AGAIN, "Run this again."),
    ("hen press r.", "hen run this again."),
)
_AWAY = (Reason.UNREACHABLE, Reason.TIMEOUT, Reason.SERVER)


def shared(options: Options) -> Settings:
    """The settings, where they name a shared place. Raises Failure where they do not, SettingsError."""
    settings = load(options.config, os.environ).settings
    if not settings.sharing.namespace:
        raise Failure(NOT_SET, USAGE)
    return settings


@contextlib.asynccontextmanager
async def door(settings: Settings, redact: Redactor) -> AsyncIterator[SharedPlace]:
    """The shared place of the settings, closed at the end; nothing is asked of it yet."""
    place = SharedPlace(settings, redact)
    try:
        yield place
    finally:
        await place.close()


@contextlib.asynccontextmanager
async def opened(settings: Settings, redact: Redactor) -> AsyncIterator[tuple[SharedPlace, Opened]]:
    """The shared place, logged in to. What it refuses within the block is a Failure."""
    async with door(settings, redact) as place:
        try:
            yield place, await place.open()
        except ClusterError as error:
            code = CANNOT_TELL if error.reason in _AWAY else PROBLEM
            raise Failure(once(str(error)), code) from error


def once(text: str) -> str:
    """What is told in a console's words, in those of a command that asks once: it has no keys."""
    for words, instead in _ONCE:
        text = text.replace(words, instead)
    return text


def nowhere(incident_id: str, words: str) -> Failure:
    """An incident that nobody has; `words` is the place."""
    return Failure(
        f"There is no incident {incident_id}, neither on this machine nor in {words}. "
        "`leeward incidents` and `leeward incidents --shared` list the ids.",
        USAGE,
    )


async def of_this_world(opened: Opened, settings: Settings) -> tuple[SharedIncident, ...]:
    """The incidents there: a drill's in a drill alone, and real ones never there. Raises ClusterError."""
    found = await incidents(opened.entries)
    return tuple(one for one in found if one.drill is settings.drill)
