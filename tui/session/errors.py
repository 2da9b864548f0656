"""What a session refuses, in words for the person who asked."""


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
