"""What stands between two consoles and one target: a lock, held from approval to verdict."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from tui.model import deployment as workload
from tui.model.incident import Applied, Draft, Kind
from tui.model.mitigation import Target
from tui.session.errors import SessionError

if TYPE_CHECKING:
    from tui.clients.cluster import Cluster

# As much of a name as a note of a preview has room for.
_NAME = 40


class Hold(Protocol):
    """A target's lock that this console has.

    Attributes:
        uid: the target's.
        over_from: who had it before and is gone; "" where nobody had.
    """

    uid: str
    over_from: str

    @property
    def held(self) -> bool:
        """Whether it is still ours for sure."""

    async def confirm(self) -> None:
        """Make sure, now, that the lock is still held. Raises LockLost, LockUnreachable."""

    async def release(self) -> None:
        """Give it up. Never raises: what cannot be given up runs out by itself."""


class TargetGuard(Protocol):
    """Locks targets against other consoles, where there are any.

    Attributes:
        console: this console's id in the incident; "" where nothing is shared.
        on_lost: is called with a target's uid when its lock was lost.
    """

    on_lost: Callable[[str], None]

    @property
    def console(self) -> str: ...

    async def take(self, uid: str, target: Target | Applied, what: str) -> Hold | None:
        """The lock of a target; None where nothing is shared.

        Raises LockHeld where another console has it, LockUnreachable where nobody can tell.
        """

    def began(self, change: Applied) -> bool:
        """Whether this console recorded the change itself: what an entry says of its console, anybody can."""

    def left(self, change: Applied) -> bool:
        """Whether a change is there to be taken up: nobody else has the lock of its target, and the console
        that began it is this one, or gone."""

    async def caught_up(self) -> None:
        """Take in what others have recorded up to now; it does not wait long for it."""


class Unguarded:
    """Where nothing is shared: there is no other console."""

    console = ""

    def __init__(self) -> None:
        self.on_lost: Callable[[str], None] = lambda uid: None

    async def take(self, uid: str, target: Target | Applied, what: str) -> Hold | None:
        """Nobody could hold it."""
        return None

    def began(self, change: Applied) -> bool:
        """Whoever recorded it, it is this console's business."""
        return True

    def left(self, change: Applied) -> bool:
        """Nobody else begins a change."""
        return False

    async def caught_up(self) -> None:
        """There is nothing to wait for."""


def ours(change: Applied, guard: TargetGuard) -> bool:
    """Whether this console began a change, or nothing is shared, so that nobody else settles it."""
    return not guard.console or guard.began(change)


def of_another(change: Applied) -> str:
    """What is to be known of a change that another console told of: nobody here has seen it made."""
    whose = f" ({change.by[:_NAME]}'s)" if change.by else ""
    return f"another console{whose} recorded this change, and what was there before"


async def is_of(cluster: "Cluster", change: Applied) -> bool:
    """Whether a change is of this cluster's deployment. Raises ClusterError.

    Consoles of one incident may be pinned to different ones, and call the same cluster differently.
    """
    here = (cluster.context, cluster.namespace, cluster.deployment_name)
    if change.place == here or change.place[1:] != here[1:]:
        return change.place == here
    found = await cluster.deployment()
    return bool(change.uid) and workload.uid(found) == change.uid


async def confirm(hold: Hold | None) -> None:
    """Immediately before a write: is the lock still ours? Raises Refused."""
    from tui.mitigations.refusal import Refused

    if hold is None:
        return
    try:
        await hold.confirm()
    except SessionError as error:
        raise Refused(error.said, error.remedy) from error


def told(
    hold: Hold | None, deployment: str, now: datetime, actor: str, *, without: bool
) -> tuple[Draft, ...]:
    """What the record keeps of a lock, with the intent that it was taken for."""
    if without:
        said = f"{deployment} is changed without its lock: the shared place does not answer"
        return (lock_entry("without", said, now, actor, {}),)
    if hold is None:
        return ()
    if hold.over_from:
        said = f"lock of {deployment} taken over from {hold.over_from}, who is gone"
        data = {"uid": hold.uid, "from": hold.over_from}
        return (lock_entry("taken_over", said, now, actor, data),)
    return (lock_entry("taken", f"lock of {deployment} taken", now, actor, {"uid": hold.uid}),)


def taken_up(
    hold: Hold | None, change: Applied, to: str, now: datetime, actor: str, *, own: bool
) -> tuple[Draft, ...]:
    """What the record keeps of a lock that is taken to `settle` or `judge` what a console left that is gone.

    What this console left itself, at its last end, is nothing to be told.
    """
    if hold is None or (own and not hold.over_from):
        return ()
    over = f" over from {hold.over_from}, who is gone" if hold.over_from else ""
    said = f"lock of {change.place[2]} taken{over}, to {to} {change.title}"
    data = {"uid": hold.uid, "intent": change.intent} | ({"from": hold.over_from} if over else {})
    return (lock_entry("taken_over", said, now, actor, data),)


def lock_entry(event: str, said: str, now: datetime, actor: str, data: dict[str, Any]) -> Draft:
    """An entry about a lock: `taken`, `taken_over`, `lost`, or gone `without`."""
    return Draft(Kind.LOCK, said, now, actor, {"event": event, **data})
