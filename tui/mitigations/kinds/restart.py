"""Every pod is replaced by one of the same template: what `kubectl rollout restart` does, guarded."""

from collections.abc import Mapping
from typing import Any

from tui.mitigations import by_hand, meaning
from tui.mitigations.kinds.kind import Asked
from tui.mitigations.kinds.objects import Change, OnObject
from tui.mitigations.patch import restart_ops
from tui.mitigations.refusal import Refused, rewritten
from tui.mitigations.survey import survey
from tui.model import deployment as workload
from tui.model.mitigation import Made, Plan, told
from tui.model.times import rfc3339

Json = Mapping[str, Any]
VARIABLE = "restartedAt"
NO_WAY_BACK = "a restart cannot be taken back; nothing else changes"


class RestartKind(OnObject):
    """Stamps the template. It is not temporary, and nothing takes it back."""

    name = "restart"
    reversible = False

    async def plan(self, asked: Asked) -> Plan:
        """The plan of a restart."""
        found = await survey(asked.cluster)
        before, stamp = workload.restarted_at(found.deployment), rfc3339(asked.now)
        if stamp == before:
            raise Refused("The pods were restarted at this very moment; nothing was changed.", "Wait.")

        change = Change(
            variable=VARIABLE,
            before=before,
            after=stamp,
            ops=restart_ops(found.deployment, stamp),
            cause=f"restart, {stamp}",
            ours="spec.template.metadata",
            means=meaning.means(asked.rule, found, before, stamp),
            diff=_diff,
            verify=lambda stored: check_stamp(stored, stamp),
            apply_by_hand=by_hand.of(asked.cluster, "rollout", "restart"),
            undo_by_hand="",
            says=f"restart of {found.pods} pod{'' if found.pods == 1 else 's'}, last {told(before)}",
            reversible=False,
            way_back=NO_WAY_BACK,
        )
        return await self.planned(asked, found, change)

    async def undo(self, asked: Asked, change: Made, entry: str) -> Plan:
        """There is none."""
        raise Refused(
            "A restart cannot be taken back; nothing was changed.", "Nothing else was changed by it."
        )

    def live(self, deployment: Json, change: Made) -> str | None:
        """The stamp."""
        return workload.restarted_at(deployment)

    def manager(self, deployment: Json, change: Made) -> str:
        """Who stamped it."""
        return workload.field_manager(
            deployment,
            *("f:spec", "f:template", "f:metadata", "f:annotations", f"f:{workload.RESTARTED_AT}"),
        )


def check_stamp(stored: Json, stamp: str) -> None:
    """Raises Refused where the server would not store the stamp of a restart."""
    if workload.restarted_at(stored) != stamp:
        raise rewritten("not store the restart's stamp")


def _diff(old: Json, new: Json) -> tuple[str, ...]:
    was, becomes = workload.restarted_at(old), workload.restarted_at(new)
    key = workload.RESTARTED_AT
    removed = (f"-   {key}: {was}",) if was is not None else ()
    return ("  spec.template.metadata.annotations", *removed, f"+   {key}: {becomes}")
