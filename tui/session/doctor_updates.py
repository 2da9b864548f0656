"""Testing whom the console would tell, without telling anybody."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.model.finding import Finding
from tui.model.reading import State
from tui.model.redaction import Redactor
from tui.model.update import Audience
from tui.session.updates import what_to_set

if TYPE_CHECKING:
    from tui.notify.message import Target


async def updates(targets: "Sequence[Target]", redact: Redactor) -> tuple[Finding, ...]:
    """A finding for each target that is set, and one for each audience that has none."""
    found = await asyncio.gather(*(_tested(target, redact) for target in targets))
    reached = {target.audience for target in targets}
    missing = tuple(
        Finding(f"updates: {who}", State.UNSET, "no place is set; updates are copied", what_to_set(who))
        for who in Audience
        if who not in reached
    )
    return (*found, *missing)


async def _tested(target: "Target", redact: Redactor) -> Finding:
    answer = await target.check()
    state = {True: State.OK, False: State.FAIL, None: State.UNKNOWN}[answer.works]
    return Finding(f"updates: {target.place}", state, redact.text(answer.said), answer.remedy)
