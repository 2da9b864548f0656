"""What a session refuses, in words for the person who asked."""

from datetime import datetime

from tui.model.sharing import Holder
from tui.model.times import span


class SessionError(Exception):
    """Something a person asked for cannot be done.

    Attributes:
        said: what happened, and what did not.
        remedy: what to do now; "" where there is nothing to add.
    """

    def __init__(self, said: str, remedy: str = "") -> None:
        super().__init__(f"{said} {remedy}".strip())
        self.said = said
        self.remedy = remedy


class NotArmed(SessionError):
    """Mutations are read-only, for now or for good."""


class NoIncident(SessionError):
    """It needs an open incident, and there is none."""

    def __init__(self) -> None:
        super().__init__("No incident is open.", "Press i to declare one or to resume an open one.")


class NotShared(SessionError):
    """It needs the place where consoles meet, and there is none."""

    def __init__(self) -> None:
        super().__init__(
            "Incidents are not shared here: sharing.namespace is not set.",
            "See docs/sharing.md; leeward share manifest prints what an administrator applies once.",
        )


class CommandHeld(SessionError):
    """Somebody else, who is there, has command.

    Attributes:
        holder: who has it, and since when.
    """

    def __init__(self, holder: Holder, now: datetime) -> None:
        long = f" for {span(now - holder.since)}" if holder.since is not None and holder.since < now else ""
        super().__init__(f"{holder.name} has had command{long}.", f"Ask {holder.name} to hand it over.")
        self.holder = holder


class LockHeld(SessionError):
    """Somebody else changes the same target.

    Attributes:
        holder: who does, and what.
    """

    def __init__(self, holder: Holder, deployment: str) -> None:
        what = f" ({holder.what})" if holder.what else ""
        super().__init__(
            f"Nothing was changed: {holder.name} is changing {deployment}{what}.",
            "Wait until that is over, then open it again.",
        )
        self.holder = holder


class LockUnreachable(SessionError):
    """Whether somebody else changes the same target is not known: the shared place does not answer.

    A person who types the context's word may go without the lock: `approve(plan, without_lock=True)`.
    """


class LockLost(SessionError):
    """This console had the target's lock, and has it no more. Nothing was sent after that."""
