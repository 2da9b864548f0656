"""How the copy of one incident stands."""

from dataclasses import dataclass
from datetime import datetime

from tui.clients.cluster_errors import ClusterError, Reason
from tui.model.sharing import Link
from tui.record.errors import JournalError

_REFUSED = frozenset({Reason.FORBIDDEN, Reason.LOGIN_EXPIRED, Reason.MISSING, Reason.CONFIG, Reason.INVALID})


@dataclass(frozen=True, slots=True)
class CopyStatus:
    """How the copy of one incident stands: the parts of `SharingStatus` that the copier knows.

    Attributes:
        link, said, remedy, since, unsent, awaited, problems: as of `SharingStatus`.
        looks_on: as of `SharingStatus`.
        elsewhere: whether another console of this machine's folder copies, and this one only waits to
            take over.
    """

    link: Link = Link.CONNECTING
    said: str = ""
    remedy: str = ""
    since: datetime | None = None
    unsent: int = 0
    awaited: int = 0
    problems: tuple[str, ...] = ()
    elsewhere: bool = False
    looks_on: bool = False


def link_of(error: ClusterError | JournalError | None, *, listed: bool) -> Link:
    """How the shared place can be reached, after what failed last; `listed` is whether it ever answered."""
    if isinstance(error, ClusterError):
        return Link.REFUSED if error.reason in _REFUSED else Link.AWAY
    if error is not None:
        return Link.AWAY
    return Link.LIVE if listed else Link.CONNECTING
