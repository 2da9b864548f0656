"""A verdict by a command of the user's own: its exit code says whether the mitigation worked."""

import shlex

from tui.clients.cluster import Cluster
from tui.mitigations.kinds.command import environment
from tui.mitigations.running import run
from tui.model.mitigation import Verdict, VerdictKind
from tui.model.runbook import MitigationRule, Proof
from tui.model.text import clean
from tui.model.times import span

_LONGEST = 120


async def prove(cluster: Cluster, rule: MitigationRule, proof: Proof) -> Verdict:
    """Run the command that verifies. It never raises: what could not be run is `unknown`, with the reason."""
    ran = await run(proof.argv, proof.deadline, environment(cluster))
    told = clean(shlex.join(proof.argv), limit=_LONGEST)
    if not ran.started:
        return Verdict(VerdictKind.UNKNOWN, f"unknown: {told} could not be started: {ran.why}")
    if ran.code is None:
        return Verdict(VerdictKind.UNKNOWN, f"unknown: {told} had not finished within {span(proof.deadline)}")
    if ran.code == proof.exit_code:
        return Verdict(VerdictKind.EFFECTIVE, f"effective: {told} ended with exit code {ran.code}")
    summary = f"ineffective: {told} ended with exit code {ran.code}, not {proof.exit_code}"
    more = f". {rule.without_effect}" if rule.without_effect else ""
    return Verdict(VerdictKind.INEFFECTIVE, summary + more)
