"""What a session knows of keys: the one it asks with, new ones that are being looked at, and their store.

All of it is in memory alone. The redactor knows a key before anything else is done with it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tui.model.clock import Clock
from tui.model.incident import Incident
from tui.model.keys import KeyShown, KeyTest, StoreError, UnfitKey, checked, named
from tui.model.runbook import MitigationRule, Runbook
from tui.model.secret import Secret
from tui.model.text import clean
from tui.session.connections import Connections
from tui.session.errors import SessionError
from tui.settings import Settings

if TYPE_CHECKING:
    from tui.clients.cluster import Cluster
    from tui.clients.secrets import KeyStore
    from tui.mitigations.beside import Offer, PodsSay

KIND = "rotate-key"
HERE = "this console"
# A test that is older says little of now.
_FRESH = timedelta(minutes=5)
_MOST_HELD = 4
_LONGEST_REASON = 400


class KeyRing:
    """The keys of one session; what `tui.mitigations.beside.Keys` asks for.

    Args:
        ask_again: is called once this console asks with another key.
    """

    def __init__(
        self,
        settings: Settings,
        made: Connections,
        environ: Mapping[str, str],
        clock: Clock,
        ask_again: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._made = made
        self._environ = environ
        self._clock = clock
        self._ask_again = ask_again
        self._held: dict[str, Secret] = {}
        self._tests: dict[Secret, KeyTest] = {}
        self._store: tuple[Cluster, KeyStore] | None = None

    # -- for a person

    async def current(self) -> tuple[Secret, str] | None:
        """The key that pods start with, as its store has it; else the one that is asked with here."""
        store = await self._readable()
        if store is not None:
            return store
        here = self._made.keys
        return (here.key, here.source or HERE) if here.key else None

    async def tested(self, key: Secret, source: str) -> KeyTest:
        """The test of a key, made now."""
        test = await self.test(key, source)
        self._tests = {key: test, **dict(list(self._tests.items())[:_MOST_HELD])}
        return test

    async def offer(self, candidate: Secret, overrule: str) -> "Offer":
        """A new key to be stored. Raises SessionError for one that failed its test, unless in words."""
        from tui.mitigations.beside import Offer

        key = self.fit(candidate)
        test = self._tests.get(key)
        if test is None or test.works is None or self._clock.now() - test.at > _FRESH:
            test = await self.tested(key, "typed")
        reason = clean(self._made.redact.text(overrule.strip()), limit=_LONGEST_REASON)
        if test.works is not True and not reason:
            remedy = f"{test.remedy} To store it all the same, say why in words."
            raise SessionError(f"{test.said} It is not stored: nothing was changed.", remedy)
        return Offer(key, test, "" if test.works is True else reason)

    def fit(self, candidate: Secret) -> Secret:
        """The key as it may be used, stripped. Raises SessionError for what can be no key."""
        self._made.redact.add(candidate)
        try:
            key = checked(candidate.reveal())
        except UnfitKey as unfit:
            said, remedy = unfit.said, unfit.remedy
        else:
            self._made.redact.add(key)
            return key
        raise SessionError(said, remedy)

    def older(self, incident: Incident | None) -> str:
        """That this console asks with another key than the incident stored, as a sentence; "" otherwise."""
        stored = [
            change
            for change in (incident.mitigations if incident else ())
            if change.kind == KIND and change.stands
        ]
        here = self._made.keys.key
        if not stored or here is None or named(here.fingerprint) == stored[-1].after:
            return ""
        return (
            f"The key of this console ({named(here.fingerprint)}) is not the one that this incident stored "
            f"({stored[-1].after}): what is seen from here says nothing of the pods. "
            "Start the console with that key."
        )

    # -- for the kind of change

    async def store(self, cluster: "Cluster") -> "KeyStore":
        """The store of the settings, opened once. Raises StoreError."""
        from tui.clients.secrets import open_store

        if self._store is None or self._store[0] is not cluster:
            await self.close()
            self._store = (cluster, await open_store(self._settings, cluster))
        return self._store[1]

    async def test(self, key: Secret, source: str) -> KeyTest:
        """Ask the API with this key."""
        from tui.probes.key_test import try_key

        return await try_key(
            self._settings.mistral, key, source, self._environ, self._clock, self._made.redact
        )

    def hold(self, token: str, key: Secret) -> None:
        """Keep a key for a plan; of many plans that were only looked at, the oldest is forgotten."""
        self._made.redact.add(key)
        self._held = {**dict(list(self._held.items())[1 - _MOST_HELD :]), token: key}

    def forget(self) -> None:
        """Forget every new key that was only looked at. The redactor alone still knows them."""
        self._held, self._tests = {}, {}

    def held(self, token: str) -> Secret | None:
        """The key of a plan."""
        return self._held.get(token)

    def stored(self, key: Secret) -> None:
        """Ask with it from now on: what the checks say is about the key of production again."""
        self._made.keys.exchange(key, "stored by this console")
        if self._made.completion is not None:
            self._made.completion.key = key
        self._held = {token: held for token, held in self._held.items() if held != key}
        self._ask_again()

    async def pods_say(self, cluster: "Cluster", since: datetime) -> "PodsSay | None":
        """Lines of 401 in the logs of the pods that live, since then or for the last minute."""
        from tui.clients.cluster import ClusterError
        from tui.mitigations.beside import PodsSay
        from tui.probes import pod_logs

        try:
            deployment, pods = await cluster.deployment(), await cluster.pods()
            living = [pod for pod in pods if not (pod.get("metadata") or {}).get("deletionTimestamp")]
            container = pod_logs.container_of(deployment, cluster.container)
            window = max(self._clock.now() - since, timedelta(seconds=1))
            logs = await pod_logs.recent(cluster, living, container, window)
        except ClusterError:
            return None
        return PodsSay(logs.pods, logs.tally.statuses.get("401", 0))

    async def close(self) -> None:
        """Forget every key that was only looked at, and close the store."""
        self.forget()
        store, self._store = self._store, None
        if store is not None:
            await store[1].close()

    # -- inside

    async def _readable(self) -> tuple[Secret, str] | None:
        from tui.clients.cluster import ClusterError

        if self._made.door is None:
            return None
        try:
            store = await self.store(await self._made.door.open())
            return (await store.read()).secret, store.name
        except (ClusterError, StoreError):
            return None


def rotation_rule(runbook: Runbook) -> MitigationRule:
    """The mitigation that stores a key. Raises SessionError where the runbook has none."""
    for rule in runbook.mitigations.values():
        if rule.change.kind == KIND:
            return rule
    raise SessionError(
        "The runbook has no mitigation that stores a key.", f"Declare one with kind: {KIND} in the runbook."
    )


def shown(found: tuple[Secret, str] | None) -> KeyShown | None:
    """A key as a screen may show it."""
    return KeyShown.of(*found) if found else None
