"""The parts that a session is composed of."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.clients.server_clocks import heard
from tui.session.arming import Safety
from tui.session.board import Board
from tui.session.chronicle import Chronicle
from tui.session.clocks import ClockWatch
from tui.session.command import Command
from tui.session.connections import Connections
from tui.session.identity import Identity
from tui.session.keys import KeyRing
from tui.session.lookout import Lookout
from tui.session.open_incidents import OpenIncidents
from tui.session.operations import Operations
from tui.session.sharing import Sharing
from tui.session.snapshot import Collecting, OpenIncident, Place
from tui.session.updates import Updates
from tui.settings import Settings

if TYPE_CHECKING:
    from tui.probes.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Working:
    """What is there once the clients are loaded."""

    connections: Connections
    board: Board
    operations: Operations
    schedule: "Schedule"
    lookout: Lookout
    updates: Updates
    keys: KeyRing


@dataclass(slots=True)
class Parts:
    """What is there from the first moment, and `working` once the clients are loaded."""

    settings: Settings
    safety: Safety
    chronicle: Chronicle
    command: Command
    place: Place
    opens: OpenIncidents
    identity: Identity
    sharing: Sharing
    open_incidents: tuple[OpenIncident, ...] = ()
    working: Working | None = None
    trouble: str = ""
    collecting: Collecting | None = None
    came: str = ""
    clocks: ClockWatch = field(default_factory=lambda: ClockWatch(heard))
