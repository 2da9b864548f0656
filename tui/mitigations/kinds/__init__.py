"""The kinds of change, by their names; each is one module, and nothing else tells them apart."""

from tui.mitigations.beside import Beside
from tui.mitigations.kinds.command import CommandKind
from tui.mitigations.kinds.env import EnvKind
from tui.mitigations.kinds.keep import KeepKind
from tui.mitigations.kinds.kind import Kind, NeedsMore
from tui.mitigations.kinds.restart import RestartKind
from tui.mitigations.kinds.rollback import RollbackKind
from tui.mitigations.kinds.rotate_key import RotateKeyKind
from tui.mitigations.kinds.scale import ScaleKind
from tui.mitigations.refusal import Refused

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        EnvKind(),
        RestartKind(),
        RollbackKind(),
        ScaleKind(),
        CommandKind(),
        RotateKeyKind(),
        KeepKind(),
    )
}


def kind_named(name: str, beside: Beside | None = None) -> Kind:
    """The kind of this name, with what it needs `beside` the cluster where it needs more.

    Raises Refused for one that a later version may know.
    """
    found = KINDS.get(name)
    if found is None:
        raise Refused(
            f"This Leeward knows no change of the kind {name!r}; nothing was changed.",
            "Use the version that made it.",
        )
    return found.using(beside) if beside is not None and isinstance(found, NeedsMore) else found
