"""A program of the user's own, run on this machine: no shell, a deadline, and nothing of our terminal."""

import os
import shlex
import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from tui.clients.cluster import Cluster, ClusterError
from tui.mitigations.kinds.kind import INTERRUPTED, Asked, Confirm, unguarded
from tui.mitigations.refusal import Refused
from tui.mitigations.running import Ran, run
from tui.model.clock import Clock
from tui.model.mitigation import Made, Ownership, Plan, Target
from tui.model.runbook import Command
from tui.model.text import clean
from tui.model.times import span

Json = Mapping[str, Any]
VARIABLE = "command"


class CommandKind:
    """Runs an argv. What it changes is its own affair: nothing of it can be compared afterwards."""

    name = "command"
    rolls_out = False
    reversible = True
    judged = True
    interruptible = True

    async def plan(self, asked: Asked) -> Plan:
        """What would be run."""
        change = _change_of(asked)
        return await self._plan(asked, change, change.argv, change.undo, "")

    async def undo(self, asked: Asked, change: Made, entry: str) -> Plan:
        """The runbook's own way back."""
        command = _change_of(asked)
        if not command.undo:
            raise Refused(
                f"The runbook gives {asked.rule.title} no way back; nothing was changed.",
                "Take it back by hand.",
            )
        return await self._plan(asked, command, command.undo, command.argv, entry)

    async def apply(
        self, cluster: Cluster, plan: Plan, clock: Clock, confirm: Confirm = unguarded
    ) -> dict[str, Any]:
        """Run it to its end, or to its deadline. Raises Refused where it does not succeed."""
        change = plan.rule.change
        assert isinstance(change, Command)
        await confirm()
        began = clock.monotonic()
        ran = await run(plan.patch, change.deadline, environment(cluster, change.environment))
        output = cluster.redact.text(ran.output)
        kept = {"exit_code": ran.code, "output": output, "seconds": round(clock.monotonic() - began, 1)}
        if ran.failed:
            raise Refused(
                _said(ran, change.deadline, plan.patch),
                "Read its output in the entry, and look at what it has done: it may have done a part.",
                changed=ran.started,
                outcome="failed" if ran.started else "refused",
                kept=kept,
            )
        return kept

    async def settle(self, cluster: Cluster, change: Made) -> str:
        """Nobody saw its end, and there is nothing to compare: a person has to look."""
        return INTERRUPTED

    def outcome(self, deployment: Json, change: Made) -> str:
        """As `settle`."""
        return INTERRUPTED

    def strange(self, deployment: Json, change: Made) -> str:
        """Nothing that it did can be looked at."""
        return ""

    def kept(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        """Exit code, output and duration."""
        return result

    async def _plan(
        self, asked: Asked, change: Command, argv: tuple[str, ...], back: tuple[str, ...], entry: str
    ) -> Plan:
        path = executable(argv[0])
        cluster = asked.cluster
        target = Target(
            context=cluster.context,
            namespace=cluster.namespace,
            deployment=cluster.deployment_name,
            container="",
            user=await _user(cluster),
            uid="",
            generation=0,
        )
        rights = "with the rights of whoever started the console"
        return Plan(
            rule=asked.rule,
            target=target,
            variable=VARIABLE,
            before=None,
            after=shlex.join(argv),
            patch=[path, *argv[1:]],
            content_type="",
            diff=(),
            means=clean(asked.rule.means),
            touches=f"whatever the program does: it runs on this machine, {rights}",
            ownership=Ownership.NONE,
            checked=f"{path} is there and can be run; there is no dry run of a program",
            notes=(f"it is ended after {span(change.deadline)}, with all that it started",),
            apply_by_hand=shlex.join(argv),
            undo_by_hand=shlex.join(back),
            hold=timedelta(0),
            undoes=entry,
            kind=self.name,
            reversible=bool(back),
            way_back=f"by {shlex.join(back)}" if back else "the runbook gives it no way back",
            says=f"run {shlex.join(argv)}",
        )


def environment(cluster: Cluster, named: tuple[str, ...] = ()) -> dict[str, str]:
    """What a program gets: the few variables that every one needs, where we are, and those it asks for."""
    keep = {"PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", *named}
    found = {name: text for name, text in os.environ.items() if name in keep or name.startswith("LC_")}
    place = {
        "LEEWARD_CONTEXT": cluster.context,
        "LEEWARD_NAMESPACE": cluster.namespace,
        "LEEWARD_DEPLOYMENT": cluster.deployment_name,
    }
    return {**found, **place}


def executable(name: str) -> str:
    """The program's path. Raises Refused where there is none that may be run."""
    path = shutil.which(name)
    if path is None:
        raise Refused(
            f"There is no program {clean(name, limit=120)!r} here that may be run; nothing was run.",
            "Install it, or give its absolute path in the runbook.",
        )
    return path


def _change_of(asked: Asked) -> Command:
    change = asked.rule.change
    assert isinstance(change, Command)
    return change


async def _user(cluster: Cluster) -> str:
    """Who we are there; a program may be run although the cluster is away."""
    try:
        return await cluster.whoami()
    except ClusterError:
        return cluster.user


def _said(ran: Ran, deadline: timedelta, argv: list[str]) -> str:
    program = clean(Path(argv[0]).name, limit=80)
    if not ran.started:
        return f"{program} could not be started: {ran.why}; nothing was run."
    if ran.code is None:
        return f"{program} was ended, with all that it started: it had not finished within {span(deadline)}."
    return f"{program} did not succeed: it ended with exit code {ran.code}."
