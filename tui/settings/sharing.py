"""What is wrong with the settings of sharing, with the key of each and the remedy."""

import re
from collections.abc import Iterator
from datetime import timedelta

from tui.settings.structs import SettingsError, Sharing, duration

# RFC 1123, as Kubernetes checks the name of a namespace.
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# It is renewed three times in its duration: shorter ones would be lost to a slow answer, and with a
# longer one the others would wait as long for a console that died.
SHORTEST = timedelta(seconds=6)
LONGEST = timedelta(minutes=10)


def problems(sharing: Sharing) -> Iterator[tuple[str, str]]:
    """The key and what is wrong with it, for everything that cannot be used."""
    if sharing.namespace and not _LABEL.fullmatch(sharing.namespace):
        yield (
            "sharing.namespace",
            "is no name of a namespace; write up to 63 of a-z, 0-9 and -, such as leeward",
        )
    try:
        lasts = duration(sharing.lease)
    except (SettingsError, OverflowError):
        yield "sharing.lease", "is no duration; write it as 15s, 30s or 1m"
        return
    if not SHORTEST <= lasts <= LONGEST or lasts.microseconds:
        yield "sharing.lease", "is no length for a lease; write whole seconds from 6s to 10m, such as 30s"
