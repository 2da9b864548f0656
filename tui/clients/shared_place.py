"""The door to the shared place: one connection of its own, made when it is first needed.

The incident's home need not be the cluster that is being mended: context, namespace and kubeconfig are
those of the settings' `sharing`, and those of `kubernetes` where it leaves them out.
"""

from dataclasses import dataclass

from tui.clients import cluster_rights
from tui.clients.cluster_connection import Connection
from tui.clients.cluster_errors import ClusterError, Reason
from tui.clients.cluster_once import Once
from tui.clients.leases import Leases
from tui.clients.shared_entries import SharedEntries
from tui.model.redaction import Redactor
from tui.model.text import clean
from tui.settings import Kubernetes, Settings

DEADLINE = 5.0


@dataclass(frozen=True, slots=True)
class Opened:
    """The shared place, logged in to."""

    entries: SharedEntries
    leases: Leases
    connection: Connection


class SharedPlace:
    """Where several consoles meet. Everything that asks raises ClusterError.

    A login that expires is renewed inside the connection; one that never came about is tried again by
    the next `open`.

    Attributes:
        enabled: whether the settings name such a place.
        administrators: whom to ask for what is missing there, as people know them.
    """

    def __init__(
        self, settings: Settings, redact: Redactor | None = None, deadline: float = DEADLINE
    ) -> None:
        sharing, kubernetes = settings.sharing, settings.kubernetes
        self._settings = Kubernetes(
            kubeconfig=sharing.kubeconfig or kubernetes.kubeconfig,
            context=sharing.context or kubernetes.context,
            namespace=sharing.namespace,
            administrators=sharing.administrators,
        )
        own = sharing.kubeconfig or sharing.context
        self._section = "sharing" if own else "kubernetes"
        self._redact = redact or Redactor()
        self._deadline = deadline
        self._opened: Opened | None = None
        self._opening = Once(self._connect)
        self.enabled = bool(sharing.namespace)
        self.administrators = sharing.administrators

    @property
    def namespace(self) -> str:
        """Where the entries lie."""
        return self._settings.namespace

    @property
    def context(self) -> str:
        """The context; "" before the connection where the settings leave it to the kubeconfig."""
        return self._opened.connection.context if self._opened else self._settings.context

    @property
    def words(self) -> str:
        """The place in a few words: `leeward in prod-eu`."""
        where = f"{self.namespace} in {self.context}" if self.context else f"namespace {self.namespace}"
        return clean(where, limit=120)

    async def open(self) -> Opened:
        """The place. Raises ClusterError where there can be no connection."""
        return self._opened or await self._opening.get()

    async def whoami(self) -> str:
        """Our name there, by the server: the login's own."""
        return await cluster_rights.whoami((await self.open()).connection)

    async def may(self, verb: str, group: str, resource: str) -> bool:
        """Whether we may do this in the place's namespace."""
        return await cluster_rights.may((await self.open()).connection, verb, group, resource)

    async def close(self) -> None:
        """Close the connection, if there is one; `open` would make another."""
        await self._opening.stop()
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.connection.close()

    async def _connect(self) -> Opened:
        if not self.enabled:
            raise ClusterError(
                Reason.CONFIG,
                "No place is named where incidents are shared.",
                "Set sharing.namespace in the settings.",
            )
        if self._opened is None:
            connection = await Connection.open(self._settings, self._deadline, self._redact, self._section)
            self._opened = Opened(SharedEntries(connection), Leases(connection), connection)
        return self._opened
