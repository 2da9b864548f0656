"""A lease that is released or extended: the annotation alone changes, and no pod restarts."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from tui.clients.cluster import Cluster, ClusterError, Reason
from tui.mitigations.patch import JSON_PATCH, lease_patch
from tui.mitigations.refusal import Refused, refused_by
from tui.model import deployment as workload
from tui.model.lease import LeaseNote, annotation_of, live_of, notes_of
from tui.model.reading import LeaseSeen


async def release(cluster: Cluster, lease: LeaseSeen) -> dict[str, Any]:
    """Keep the change for good: the lease goes, the value stays. Raises Refused."""
    return await _write(cluster, lease, None, "", None)


async def extend(cluster: Cluster, lease: LeaseSeen, owner: str, until: datetime) -> dict[str, Any]:
    """Keep the change until another moment, with its owner. Raises Refused."""
    return await _write(cluster, lease, until, owner, lease.value)


async def _write(
    cluster: Cluster, lease: LeaseSeen, until: datetime | None, owner: str, expected: str | None
) -> dict[str, Any]:
    try:
        deployment = await cluster.deployment()
        note = _find(deployment, lease)
        live = live_of(deployment, note)
        if expected is not None and live != expected:
            raise Refused(
                f"{note.variable} is no longer the {note.value} that was leased; the lease was not extended.",
                "Talk to whoever changed it.",
            )
        text = workload.annotations(deployment)[annotation_of(note.mitigation)]
        changed = None if until is None else replace(note, until=until, owner=owner)
        patch = lease_patch(deployment, text, changed, note.mitigation)
        return await cluster.patch_deployment(patch, JSON_PATCH, dry_run=False)
    except ClusterError as error:
        if error.reason in (Reason.CONFLICT, Reason.INVALID):
            raise Refused(
                "The lease was changed at the same moment; nothing was written.", "Try again."
            ) from None
        raise refused_by(error) from None


def _find(deployment: dict[str, Any], lease: LeaseSeen) -> LeaseNote:
    for note in notes_of(deployment):
        if note.mitigation == lease.mitigation and note.variable == lease.variable:
            return note
    raise Refused(
        f"There is no lease of {lease.variable} on the deployment any more.", "Press r to look again."
    )
