"""What we do to the world: the protocol of a change, from its check to its verdict and its undo."""

from tui.mitigations.refusal import Refused

__all__ = ["Refused"]
