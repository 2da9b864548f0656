"""Who is at the console: one object, handed to whoever writes in that person's name."""

from dataclasses import dataclass


@dataclass(slots=True)
class Identity:
    """The actor of what people do here, as it is known now.

    Attributes:
        name: the login's own name of the shared place, once that is known; before, and where nothing is
            shared, the settings' responder or the login of this machine.
    """

    name: str
