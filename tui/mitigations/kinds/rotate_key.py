"""A new key in its store, then the pods that must be restarted to read it: two steps, each told.

The new key never enters a plan, a patch or a mark: the session holds it, in memory, for the plan
that is known by a token. What is live is told by fingerprints.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from tui.clients.cluster import Cluster, ClusterError
from tui.clients.secrets import KeyStore
from tui.mitigations.beside import Beside, Keys, Offer
from tui.mitigations.kinds import rotate_key_store as storing
from tui.mitigations.kinds.kind import (
    APPLIED,
    NOT_APPLIED,
    OVERWRITTEN,
    STORED,
    UNKNOWN,
    Asked,
    Confirm,
    unguarded,
)
from tui.mitigations.kinds.restart import RestartKind
from tui.mitigations.kinds.rotate_key_plan import Exchange, planned, reach_of, restart_of
from tui.mitigations.refusal import Refused, refused_by
from tui.mitigations.survey import survey
from tui.model import deployment as workload
from tui.model.clock import Clock
from tui.model.keys import Stored, StoreError, named
from tui.model.mitigation import Made, Plan, Verdict, VerdictKind
from tui.model.secret import Secret

Json = Mapping[str, Any]
_TYPE_IT = "Choose it in the console (m): the new key is typed there, and tested first."
# How long an operator may take to bring a key from its store into the Secret that pods read.
_SYNCED_WITHIN, _LOOK_EVERY = 90.0, 3.0


class RotateKeyKind:
    """Stores a key and restarts the pods that read it from their environment."""

    name = "rotate-key"
    rolls_out = True
    reversible = True
    judged = True
    interruptible = False

    def __init__(self, beside: Beside | None = None) -> None:
        self._beside = beside

    def using(self, beside: Beside) -> "RotateKeyKind":
        """The same, with the session's keys."""
        return RotateKeyKind(beside)

    # -- planning

    async def plan(self, asked: Asked) -> Plan:
        """The plan of a new key that was tested, or overruled in words."""
        offer = self._offer()
        asked.cluster.redact.add(offer.key)
        store = await self._open(asked.cluster)
        found = await survey(asked.cluster, during_rollout=True)
        current = await _current(store, found.target.user)
        _check_other(store, current, offer.key)
        exchange = Exchange(store, current, offer.key, offer.test.said, offer.overruled)
        return self._hold(await _told(planned(asked, found, exchange)), offer.key)

    async def undo(self, asked: Asked, change: Made, entry: str) -> Plan:
        """Back to the key before, which the store kept, if ours is the live one and that one still works."""
        store = await self._open(asked.cluster)
        found = await survey(asked.cluster, undoing=True)
        current = await _current(store, found.target.user)
        _check_ours(store, current, change)
        back = await _previous(store, change)
        asked.cluster.redact.add(back)
        test = await self._keys().test(back, f"kept by {store.kind}")
        if test.dead:
            raise Refused(
                f"{test.said} Putting it back would leave production without a working key; "
                "nothing was undone.",
                "Make a new key, and store that one (m).",
            )
        exchange = Exchange(store, current, back, test.said, undoes=entry)
        return self._hold(await _told(planned(asked, found, exchange)), back)

    # -- doing it

    async def apply(
        self, cluster: Cluster, plan: Plan, clock: Clock, confirm: Confirm = unguarded
    ) -> dict[str, Any]:
        """Store the key, then restart. Raises Refused; `stored` is one of its outcomes.

        The restart's preconditions are tried before anything is stored, so that a deployment that
        somebody changed since the preview leaves the store as it was.
        """
        key = self._keys().held(plan.made.token)
        if key is None:
            raise Refused("The new key is in memory no longer; nothing was changed.", "Type it again.")
        cluster.redact.add(key)
        store = await self._open(cluster)
        if plan.patch:
            await _try_restart(cluster, plan)
        await confirm()
        await storing.store_once(store, key, plan, clock)
        self._keys().stored(key)
        if plan.patch:
            await _restart(cluster, plan, store, key, clock, confirm)
        return {"stored": plan.after, "restarted": bool(plan.patch)}

    def kept(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        """Which of the two steps were made."""
        return result

    # -- looking at it

    async def settle(self, cluster: Cluster, change: Made) -> str:
        """What became of it, by the fingerprint in the store and the mark on the deployment."""
        current = await storing.read(await self._open(cluster))
        deployment = await cluster.deployment()
        live, restarted = named(current.secret.fingerprint), _restarted(deployment, change)
        if live == change.after:
            return APPLIED if restarted or not change.rolls_out else STORED
        return NOT_APPLIED if live == change.before and not restarted else OVERWRITTEN

    def outcome(self, deployment: Json, change: Made) -> str:
        """From the deployment alone only that the pods were restarted for it can be told."""
        return APPLIED if _restarted(deployment, change) else UNKNOWN

    def strange(self, deployment: Json, change: Made) -> str:
        """A later restart takes nothing of it back: the key is not on the deployment."""
        return ""

    async def proven(self, cluster: Cluster, found: Verdict, complete: datetime) -> Verdict:
        """The verdict, with what the pods' own logs say since the rollout: whether they authenticate."""
        told = await self._keys().pods_say(cluster, complete)
        if told is None or not told.pods:
            return replace(found, summary=f"{found.summary}; the pods' logs could not be read")
        if told.refused:
            lines = "1 line tells" if told.refused == 1 else f"{told.refused} lines tell"
            summary = f"ineffective: since the rollout {lines} of a 401 in the pods' logs; {found.summary}"
            return replace(found, kind=VerdictKind.INEFFECTIVE, summary=summary)
        pods = "1 pod" if told.pods == 1 else f"{told.pods} pods"
        return replace(found, summary=f"{found.summary}, no 401 in the logs of {pods} since")

    # -- inside

    def _keys(self) -> Keys:
        if self._beside is None:
            raise Refused("There is no key here to work with; nothing was changed.", _TYPE_IT)
        return self._beside.keys

    def _offer(self) -> Offer:
        offer = self._beside.offer if self._beside else None
        if offer is None:
            raise Refused("There is no new key to store; nothing was changed.", _TYPE_IT)
        if offer.test.works is not True and not offer.overruled:
            raise Refused(
                f"{offer.test.said} It is not stored: nothing was changed.",
                "Test another key, or say in words why it is to be stored all the same.",
            )
        return offer

    async def _open(self, cluster: Cluster) -> KeyStore:
        try:
            return await self._keys().store(cluster)
        except StoreError as error:
            raise storing.refused_by(error) from None

    def _hold(self, plan: Plan, key: Secret) -> Plan:
        self._keys().hold(plan.made.token, key)
        return plan


async def _told(planning: Any) -> Plan:
    try:
        plan: Plan = await planning
    except StoreError as error:
        raise storing.refused_by(error) from None
    return plan


async def _current(store: KeyStore, user: str) -> Stored:
    """What the store has, if it may be written at all. Raises Refused."""
    try:
        missing = await store.permissions()
        if missing:
            raise Refused(
                f"{user or 'Your user'} lacks what storing a key needs: {', '.join(missing)}. "
                "Nothing was changed.",
                f"Ask {store.whom} for it.",
            )
        obstacles = await store.obstacles()
        if obstacles:
            raise Refused(
                f"{store.name} is not to be written by hand: {'; '.join(obstacles)}. Nothing was changed.",
                "Store the new key there; then restart the pods (m).",
            )
        return await store.read()
    except StoreError as error:
        raise storing.refused_by(error) from None


def _check_other(store: KeyStore, current: Stored, key: Secret) -> None:
    shown = named(key.fingerprint)
    if current.secret == key:
        raise Refused(
            f"{store.name} has {shown} already; nothing was changed.",
            "Where pods still use an older one, restart them (m).",
        )
    if current.secret.fingerprint == key.fingerprint:
        raise Refused(
            f"By chance the new key has the fingerprint of the old one ({shown}): they could not be told "
            "apart afterwards. Nothing was changed.",
            "Make another key.",
        )


def _check_ours(store: KeyStore, current: Stored, change: Made) -> None:
    live = named(current.secret.fingerprint)
    if live != change.after:
        raise Refused(
            f"{store.name} has {live} now, no longer the {change.after} that we stored; nothing was undone.",
            "Talk to whoever changed it.",
        )


async def _previous(store: KeyStore, change: Made) -> Secret:
    try:
        previous = await store.previous()
    except StoreError as error:
        raise storing.refused_by(error) from None
    found = named(previous.secret.fingerprint) if previous else ""
    if previous is None or found != change.before:
        kept = f"the key that it keeps beside is {found}" if found else "it keeps no key beside"
        raise Refused(
            f"{store.name} no longer has {change.before}: {kept}. Nothing was undone.",
            "Make a new key, and store that one (m).",
        )
    return previous.secret


def _restarted(deployment: Json, change: Made) -> bool:
    """Whether the pods were restarted for this change: by its mark, or by its own stamp after another's."""
    uid = workload.uid(deployment)
    if change.uid and uid != change.uid:
        return False
    if change.token and workload.annotations(deployment).get(workload.CHANGE_MARK) == change.token:
        return True
    stamp = change.mark.get("stamp")
    return isinstance(stamp, str) and workload.restarted_at(deployment) == stamp


async def _try_restart(cluster: Cluster, plan: Plan) -> None:
    """Raises Refused, with what changed, where the restart would not be accepted any more."""
    try:
        await cluster.patch_deployment(plan.patch, plan.content_type, dry_run=True)
    except ClusterError as error:
        problem = error
    else:
        return
    try:
        changed = RestartKind().drifted(await cluster.deployment(), restart_of(plan))
    except ClusterError:
        changed = ""
    raise Refused(f"Nothing was applied: {changed}.", problem.remedy) if changed else refused_by(problem)


async def _restart(
    cluster: Cluster, plan: Plan, store: KeyStore, key: Secret, clock: Clock, confirm: Confirm
) -> None:
    """The second step. What goes wrong with it leaves the key stored, and says so."""
    late = await _not_there_yet(cluster, store, key, clock)
    if late:
        raise _stored(plan, late)
    try:
        await RestartKind().apply(cluster, restart_of(plan), clock, confirm)
    except Refused as refused:
        if refused.outcome != "unknown":
            # It is of the restart that it says so: the key was sent.
            raise _stored(plan, refused.said.removeprefix("Nothing was sent: ")) from None
        raise Refused(
            f"{plan.after} is stored. {refused.said}", refused.remedy, changed=True, outcome="unknown"
        ) from None


def _stored(plan: Plan, why: str) -> Refused:
    return Refused(
        f"{plan.after} is stored, and the pods were not restarted: {why} They run with {plan.before} on.",
        "Restart the pods (m) when that is possible, and revoke no key before. z puts the old one back.",
        changed=True,
        outcome=STORED,
        kept={"stored": plan.after, "restarted": False},
    )


async def _not_there_yet(cluster: Cluster, store: KeyStore, key: Secret, clock: Clock) -> str:
    """Why pods that start now would not get the key, as a sentence; "" where they would.

    Beside a Kubernetes Secret a store is brought into the cluster by an operator, in its own time.
    """
    try:
        reach = reach_of(await cluster.deployment(), store, cluster.container)
        if store.kind == "kubernetes" or not reach.secret:
            return ""
        until = clock.monotonic() + _SYNCED_WITHIN
        while await cluster.secret_value(reach.secret, reach.key) != key:
            if clock.monotonic() >= until:
                return (
                    f"the Secret {reach.secret} that they read does not have it yet; its operator brings it."
                )
            await clock.sleep(_LOOK_EVERY)
    except ClusterError as error:
        return error.said
    return ""
