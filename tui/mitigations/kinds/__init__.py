"""The kinds of change, by their names; each is one module, and nothing else tells them apart."""

from tui.mitigations.kinds.command import CommandKind
from tui.mitigations.kinds.env import EnvKind
from tui.mitigations.kinds.keep import KeepKind
from tui.mitigations.kinds.kind import Kind
from tui.mitigations.kinds.restart import RestartKind
from tui.mitigations.kinds.rollback import RollbackKind
from tui.mitigations.kinds.scale import ScaleKind
from tui.mitigations.refusal import Refused

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (EnvKind(), RestartKind(), RollbackKind(), ScaleKind(), CommandKind(), KeepKind())
}


def kind_named(name: str) -> Kind:
    """The kind of this name. Raises Refused for one that a later version may know."""
    found = KINDS.get(name)
    if found is None:
        raise Refused(
            f"This Leeward knows no change of the kind {name!r}; nothing was changed.",
            "Use the version that made it.",
        )
    return found
