"""Whatever the order in which entries come in, the incident is the same, and each is there once."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from tests.support.clock import START
from tui.model.folding import fold
from tui.model.incident import Entry, Incident, Kind
from tui.session.memory import Memory

ID = "inc-20261123-1503-7f3a"
MINUTE = timedelta(minutes=1)


def entries() -> list[Entry]:
    """An incident in which the order of recording decides, corrected and redacted too."""

    def made(n: int, kind: Kind, actor: str, **data: object) -> Entry:
        at = START + MINUTE * ((n * 7) % 5)
        return Entry(f"{n:026}", at, START + MINUTE * n, actor, kind, f"{kind} {n}", data)

    return [
        made(1, Kind.DECLARED, "ana", title="down", severity="P2"),
        made(2, Kind.NOTE, "bo"),
        made(3, Kind.COMMANDER, "ana", name="ana"),
        made(4, Kind.SEVERITY, "bo", **{"from": "P2", "to": "P1"}),
        made(5, Kind.HANDOVER, "ana", to="bo"),
        made(6, Kind.STATUS, "ana", to="monitoring"),
        made(7, Kind.CORRECTION, "bo", entry=f"{2:026}", text="put right"),
        made(8, Kind.STATUS, "bo", to="investigating"),
        made(9, Kind.SEVERITY, "ana", **{"from": "P1", "to": "P3"}),
        made(10, Kind.REDACTED, "ana", entries=[f"{2:026}"]),
        made(11, Kind.RESOLVED, "bo", reason="it is over"),
    ]


@pytest.mark.parametrize("seed", range(20))
def test_any_order_and_any_portions_add_up_to_the_same(seed: int) -> None:
    rng, told = Random(seed), entries()
    shuffled = [*told, *told[:4]]
    rng.shuffle(shuffled)
    memory = Memory()
    taken: list[Entry] = []
    while shuffled:
        portion = [shuffled.pop() for _ in range(min(rng.randint(1, 4), len(shuffled)))]
        taken += memory.take(ID, portion)
    whole = Memory()
    whole.take(ID, told)
    assert memory.incident == whole.incident == fold(ID, told)
    assert memory.incident is not None
    assert (memory.incident.commander, memory.incident.open) == ("bo", False)
    assert memory.timeline == whole.timeline
    assert sorted(entry.id for entry in taken) == [entry.id for entry in told]
    assert memory.amendments == whole.amendments


@pytest.mark.parametrize("first", [0, 1])
def test_what_is_redacted_leaves_memory_whichever_comes_first(first: int) -> None:
    secret = replace(entries()[1], text="hunter2", data={"of": "hunter2"})
    redacted = entries()[9]
    both = [secret, redacted]
    memory = Memory()
    memory.take(ID, [both[first]])
    memory.take(ID, [both[1 - first]])
    assert "hunter2" not in repr(memory.recorded) + repr(memory.timeline)
    # Who took it out, and why, stays, even where somebody else would have that taken out, too.
    again = replace(redacted, id=f"{12:026}", data={"entries": [redacted.id]})
    memory.take(ID, [again])
    assert [entry.redacted for entry in memory.recorded if entry.kind == Kind.REDACTED] == [False, False]


def test_nothing_known_is_no_incident() -> None:
    memory = Memory()
    assert memory.incident is None
    assert memory.take(ID, []) == ()
    assert memory.incident == Incident(ID)
