"""What the targets of updates called an incident's messages, as the record of all consoles tells it."""

from collections.abc import Mapping, Sequence

from tui.model.incident import Entry, Kind

# What a target calls a message or a thread is short.
_REF = 120


def recorded(entries: Sequence[Entry]) -> dict[str, dict[str, str]]:
    """By target, what the journal knows it to have called this incident: a thread, a page's incident."""
    found: dict[str, dict[str, str]] = {}
    for entry in entries:
        target, refs = entry.data.get("target"), entry.data.get("refs")
        if entry.kind == Kind.UPDATE and isinstance(target, str) and isinstance(refs, Mapping):
            words = {name: value for name, value in refs.items() if _is_ref(name, value)}
            found[target] = found.get(target, {}) | words
    return found


def _is_ref(name: object, value: object) -> bool:
    """Whether it may be used here. Where to write is this machine's own setting, whatever others say."""
    if not (isinstance(name, str) and isinstance(value, str)):
        return False
    return name != "channel" and len(value) <= _REF and value not in (".", "..")
