"""A finding: one thing that a person relies on, and how it is."""

from dataclasses import dataclass

from tui.model.reading import State


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tested, how it is, and how to mend it ("" where nothing is to be mended)."""

    name: str
    state: State
    summary: str
    remedy: str = ""
