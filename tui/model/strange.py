"""What a record tells of a change, beside what the runbook here could have made of it. Pure.

Anybody who may write into an incident can tell of a change. What such an entry names is looked up,
compared and sent back only as far as the runbook's mitigation itself could have changed it: a forged one must
make nobody set another variable, nor look at one and tell its value.
"""

from collections.abc import Iterable

from tui.model.incident import DECIDES
from tui.model.mitigation import Made
from tui.model.runbook import EnvChange, MitigationRule
from tui.model.text import clean, is_shown

_LONGEST = 4_096


def strange(rule: MitigationRule, change: Made, leased: Iterable[str] = ()) -> str:
    """Why this is no change of that mitigation, as a clause; "" where it can be one.

    Args:
        leased: further variables that a lease on the object itself tells of.
    """
    kind = rule.change.kind
    if change.kind not in (kind, DECIDES):
        return f"{clean(rule.title)} is of kind {kind}, and the record tells of kind {_named(change.kind)}"
    if change.kind == DECIDES or not isinstance(rule.change, EnvChange):
        return ""
    known = {rule.change.variable, *(name for name, _ in rule.change.more), *leased}
    rows = ((change.variable, change.before, change.after), *change.more)
    for name, before, after in rows:
        if name not in known:
            return f"{clean(rule.title)} does not change {_named(name)}, of which the record tells"
        if not all(_plain(value) for value in (before, after)):
            return f"the record tells of a value of {_named(name)} that cannot be shown as it is"
    return ""


def _plain(value: str | None) -> bool:
    return value is None or (len(value) <= _LONGEST and is_shown(value))


def _named(name: str) -> str:
    return clean(name, limit=60) or "nothing"
