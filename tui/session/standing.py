"""How each check stands, as an entry keeps it: what a console that comes back compares with."""

from collections.abc import Mapping
from typing import Any

from tui.model.reading import Check, Held, State


def standing(checks: Mapping[Check, Held]) -> dict[str, dict[str, Any]]:
    """By check, its state and its few words; what the settings do not name is left out."""
    return {
        check.value: {"state": held.latest.state.value, "summary": held.latest.summary}
        for check, held in checks.items()
        if held.latest.state is not State.UNSET
    }
