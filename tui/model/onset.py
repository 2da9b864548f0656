"""When errors began, told from a chart's points, and set against the last change of the pods."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from tui.model.change import against
from tui.model.reading import Check, Fact, Held, Reading

Points = Sequence[tuple[datetime, float | None]]
# Errors are there while they are above this part of their highest: a rate rises over its window.
_LEVEL = 0.1
# So many quiet points in between are a gap of one trouble, more are its end.
_GAP = 2


def began(lines: Iterable[Points]) -> datetime | None:
    """When the errors that last until the end of these lines began; the lines are added up.

    None where there are none at the end, or where they are as old as the lines: then it is not
    known when they began.
    """
    total: dict[datetime, float] = {}
    for points in lines:
        for at, value in points:
            total[at] = total.get(at, 0.0) + (value or 0.0)
    moments = sorted(total)
    highest = max(total.values(), default=0.0)
    if highest <= 0:
        return None
    first, quiet = None, 0
    for at in reversed(moments):
        if total[at] > highest * _LEVEL:
            first, quiet = at, 0
        else:
            quiet += 1
            if quiet > _GAP:
                break
    return None if first is None or first == moments[0] else first


def set_against_change(checks: Mapping[Check, Held]) -> Held | None:
    """The workload's place with the facts that need the error rate's answer, too.

    `errors_after_change_s` is when the errors began, in seconds after the pods' last change
    (negative: before it), and `change_against_errors` the same in words. None where there is
    nothing to add.
    """
    pods, errors = checks.get(Check.WORKLOAD), checks.get(Check.ERROR_RATE)
    if pods is None or errors is None:
        return None
    changed = _before(pods.latest, "last_change_age_s")
    started = _before(errors.latest, "began_s")
    if changed is None or started is None:
        return None
    facts: dict[str, Fact] = {
        **pods.latest.facts,
        "errors_after_change_s": round((started - changed).total_seconds()),
        "change_against_errors": against(started, changed),
    }
    latest = replace(pods.latest, facts=facts)
    return replace(pods, latest=latest, good=latest if pods.good is pods.latest else pods.good)


def _before(reading: Reading, fact: str) -> datetime | None:
    """The moment that an age of this reading means."""
    age = reading.facts.get(fact)
    if isinstance(age, bool) or not isinstance(age, int | float):
        return None
    return reading.at - timedelta(seconds=age)
