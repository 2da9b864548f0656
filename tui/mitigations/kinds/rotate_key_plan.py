"""The preview of a key's rotation: what is stored, who uses it, which pods are restarted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from tui.clients.cluster import Cluster, ClusterError
from tui.clients.secrets import KeyStore
from tui.clients.secrets.kubernetes import KubernetesStore
from tui.mitigations import by_hand, meaning
from tui.mitigations.kinds.kind import Asked
from tui.mitigations.kinds.objects import dry_run
from tui.mitigations.kinds.restart import check_stamp
from tui.mitigations.ownership import suspend
from tui.mitigations.patch import JSON_PATCH, guarded, restart_ops
from tui.mitigations.refusal import refused_by
from tui.mitigations.survey import Survey, ownership_of
from tui.model import deployment as workload
from tui.model.key_use import secret_of, template_of, uses
from tui.model.keys import KeyShown, Stored, named
from tui.model.mitigation import Plan
from tui.model.secret import Secret
from tui.model.text import clean
from tui.model.times import rfc3339

Json = Mapping[str, Any]
NO_TRIAL = "the write of a key is not tried, since no key is sent before you confirm"
_FOLLOWS = "no pod is restarted: they read the key from a volume, which follows within about a minute"
_REACHES_NONE = "no pod is restarted: this deployment does not use that Secret"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One key for another, before the server has been asked.

    Attributes:
        store, current: where, and what is there.
        key: what is to be there.
        tested: what the key's test said, as a note.
        overruled: why it is stored in spite of that; "" otherwise.
        undoes: as in `Plan`.
    """

    store: KeyStore
    current: Stored
    key: Secret
    tested: str
    overruled: str = ""
    undoes: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a stored key reaches: the Secret that pods see ("" none), whether they must be restarted."""

    secret: str
    key: str
    restart: bool
    touches: str = ""


async def planned(asked: Asked, found: Survey, change: Exchange) -> Plan:
    """The plan, its restart dry-run on the server. Raises Refused."""
    cluster, store = asked.cluster, change.store
    reach = reach_of(found.deployment, store, cluster.container)
    before, after = named(change.current.secret.fingerprint), named(change.key.fingerprint)
    token, stamp = asked.token(), rfc3339(asked.now)
    cause = asked.cause(f"{'undo: ' if change.undoes else ''}{store.name} {before} -> {after}")
    patch = guarded(found.deployment, restart_ops(found.deployment, stamp), cause=cause, token=token)
    if reach.restart:
        check_stamp(await dry_run(cluster, patch), stamp)
    restart = by_hand.of(cluster, "rollout", "restart") if reach.restart else ""
    users = await users_of(cluster, reach)
    ownership = ownership_of(found.deployment)
    return Plan(
        rule=asked.rule,
        target=found.target,
        variable=f"secret {_place(store)}",
        before=before,
        after=after,
        patch=patch if reach.restart else [],
        content_type=JSON_PATCH if reach.restart else "",
        diff=_diff(change, found.deployment, stamp if reach.restart else ""),
        means=_means(asked, found, before, after, change.undoes),
        touches=meaning.touches(found) if reach.restart else reach.touches,
        ownership=ownership,
        checked=f"permitted, {'server dry run of the restart accepted; ' if reach.restart else ''}{NO_TRIAL}",
        notes=(
            change.tested,
            *((f"stored in spite of its test: {change.overruled}",) if change.overruled else ()),
            *users,
            f"{before} is kept {store.keeps_previous}",
            *found.notes,
            *await store.notes(),
        ),
        apply_by_hand=_both(store.by_hand(), restart),
        undo_by_hand=_both(store.back_by_hand(), restart),
        hold=timedelta(0),
        undoes=change.undoes,
        kind="rotate-key",
        suspend=suspend(found.deployment, ownership, cluster.context),
        way_back=f"z puts {before} back, which is tested first and refused if it is dead",
        mark={
            "known_by": token,
            "stamp": stamp,
            "store": store.name,
            "version": change.current.version,
            "rolls_out": reach.restart,
            **({"overruled": change.overruled} if change.overruled else {}),
        },
    )


def restart_of(plan: Plan) -> Plan:
    """The restart alone, as the kind that restarts knows it."""
    stamp = str(plan.mark.get("stamp") or "")
    before = next(
        (op["value"] for op in plan.patch if op["op"] == "test" and op["path"].endswith("restartedAt")), None
    )
    return replace(plan, kind="restart", variable="restartedAt", before=before, after=stamp)


def reach_of(deployment: Json, store: KeyStore, container: str) -> Reach:
    """Which Secret the pods see, and whether they keep what they started with."""
    template = workload.template(deployment)
    if isinstance(store, KubernetesStore):
        found = uses(template, store.secret_name, store.key_name)
        fixed = any(use.restart for use in found)
        return Reach(store.secret_name, store.key_name, fixed, _FOLLOWS if found else _REACHES_NONE)
    names = [container] if container else [str(c.get("name") or "") for c in workload.containers(deployment)]
    place = next((place for name in names if (place := secret_of(deployment, name))), None)
    if place is None:
        return Reach("", "", restart=True)  # the app asks the store itself, when it starts
    return Reach(*place, restart=any(use.restart for use in uses(template, *place)), touches=_FOLLOWS)


async def users_of(cluster: Cluster, reach: Reach) -> tuple[str, ...]:
    """Every workload that uses the Secret, and whether it is restarted, as notes. Raises Refused."""
    if not reach.secret:
        return ()
    try:
        found, hidden = await cluster.secrets.workloads()
    except ClusterError as error:
        raise refused_by(error) from None
    told = [line for kind, item in found if (line := _user(cluster, kind, item, reach))]
    unseen = f"you may not list {', '.join(hidden)}: whether they use the Secret is not known"
    return (*told, *((unseen,) if hidden else ()))


def _user(cluster: Cluster, kind: str, item: Json, reach: Reach) -> str:
    metadata = item.get("metadata") or {}
    if kind == "Job" and metadata.get("ownerReferences"):
        return ""  # its CronJob is told
    used = uses(template_of(item), reach.secret, reach.key)
    if not used:
        return ""
    name = clean(str(metadata.get("name") or "?"), limit=80)
    how = clean(", ".join(dict.fromkeys(use.how for use in used)), limit=120)
    return f"used by {kind} {name} ({how}): {_fate(cluster, kind, name, any(u.restart for u in used), reach)}"


def _fate(cluster: Cluster, kind: str, name: str, fixed: bool, reach: Reach) -> str:
    if kind == "Deployment" and name == cluster.deployment_name:
        return "restarted" if reach.restart else "follows by itself"
    if kind == "CronJob":
        return "its next run has the new key"
    if kind == "Job":
        return "a run under way keeps the old key"
    return "NOT restarted: restart it by hand" if fixed else "follows by itself"


def _diff(change: Exchange, deployment: Json, stamp: str) -> tuple[str, ...]:
    old, new = (KeyShown.of(key, "").told for key in (change.current.secret, change.key))
    lines = (f"  {change.store.name}", f"-   {old}", f"+   {new}")
    if not stamp:
        return lines
    was = workload.restarted_at(deployment)
    path = "  spec.template.metadata.annotations"
    removed = (f"-   {workload.RESTARTED_AT}: {was}",) if was is not None else ()
    return (*lines, path, *removed, f"+   {workload.RESTARTED_AT}: {stamp}")


def _means(asked: Asked, found: Survey, before: str, after: str, undoes: str) -> str:
    return (
        f"{after} comes back; {before} is kept" if undoes else meaning.means(asked.rule, found, before, after)
    )


def _place(store: KeyStore) -> str:
    if isinstance(store, KubernetesStore):
        return f"{store.secret_name}/{store.key_name}"
    return store.name


def _both(store: str, restart: str) -> str:
    return f"{store} && {restart}" if restart else store
