"""Several consoles on one world, by keys alone in real terminals: one incident, worked by all of them.

How long a note takes from one disk to the other screen is kept in LEEWARD_ARTEFACTS where that is set.
LEEWARD_THOROUGH plays the longest of them at 120x40, too.
"""

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import served
from tests.support.seats import GUARD, Seat, Way, seat, took
from tests.support.terminal import wait_for
from tests.support.thorough import THOROUGH

pytestmark = pytest.mark.real
# At this speed a lease lasts six seconds, the shortest that may be set.
SPEED = ("--speed", "20")
SIZES = [(80, 24), (120, 40)] if THOROUGH else [(80, 24)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[dict[str, Any]]:
    (tmp_path / "world").mkdir()
    with served("rate-limited", tmp_path / "world", *SPEED) as made:
        yield made


# What people do


def declare(one: Seat) -> None:
    one.shows("Rate limited: our own limit (P2)", "10 → 3 per pod")
    one.press("i")
    one.shows("Declare from the alert")
    one.press("2")
    one.shows("Severity; if unsure", "proposed")
    one.press("Enter")
    one.shows("INVESTIGATING")


def join(one: Seat) -> str:
    """It is offered, and two keys join it; the catch-up card."""
    wait_for(lambda: bool(re.search("1 (shared|open) incident, .*: i joins", one.seen())), GUARD)
    one.press("i")
    one.shows("Join inc-")
    one.press("j")
    card = one.shows("Joined: so far")
    one.press("Escape")
    one.shows_no("Joined: so far")
    return card


@contextlib.contextmanager
def joined(
    world: dict[str, Any], folder: Path, *, size: tuple[int, int] = (120, 40), config: Path | None = None
) -> Iterator[tuple[Seat, Seat]]:
    """Two people at their machines: responder has declared, and ada, or who `config` lets in, has joined."""
    with (
        seat(world, folder / "a", size=size) as rae,
        seat(world, folder / "b", "second_config", size=size, config=config) as ada,
    ):
        declare(rae)
        join(ada)
        yield rae, ada


def take_command(one: Seat) -> None:
    one.press("i")
    one.shows("Commander", "Hand over")
    one.press("c")
    one.shows("who takes command")
    one.press("Enter")
    one.shows("command: you")


def note(one: Seat, text: str) -> None:
    one.press("n")
    one.shows("Note")
    one.type(text)
    one.press("Enter")
    one.shows("Noted.")


def preview(one: Seat, *, arm: bool = True) -> None:
    """Up to the question whether it is applied, which is heard by now."""
    one.press("m")
    one.shows("nothing is changed by looking")
    one.press("1")
    if arm:
        one.shows("type prodeu to arm")
        one.press("Tab")
        one.type("prodeu")
        one.press("Enter")
    one.shows("y applies", "lock free")
    one.shows_no("in a moment")


def monitor_and_resolve(one: Seat) -> None:
    one.press("i")
    one.shows("Resolve", "Status")
    one.press("s")
    one.shows("3 monitoring")
    one.press("3")
    one.shows("MONITORING")
    one.shows("It has held")
    one.press("i")
    one.shows("Resolve")
    one.press("x")
    one.shows("Keep it open")
    one.press("y")
    one.shows("is still live")
    one.press("k")
    one.shows("RESOLVED")


# What is kept


def incident_of(one: Seat) -> str:
    return next(iter(one.state.rglob("journal*.jsonl"))).parent.name


def shown(one: Seat) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(one.run("show", incident_of(one), "--json"))
    return told


def of(one: Seat, *kinds: str) -> list[dict[str, Any]]:
    return [entry for entry in shown(one)["entries"] if entry["kind"] in kinds]


def written_up(one: Seat) -> str:
    """By `x` in the console: the file."""
    one.press("x")
    one.shows("Markdown")
    one.press("1")
    one.shows("Postmortem written to")
    wait_for(lambda: bool(list(one.state.rglob("postmortem.md"))), GUARD)
    return next(iter(one.state.rglob("postmortem.md"))).read_text()


def agree(*seats: Seat) -> None:
    """All machines come to have the same timeline and postmortem, and every chain of it is whole."""
    incident = incident_of(seats[0])

    def told(one: Seat) -> tuple[str, str]:
        return one.run("show", incident, "--json"), one.run("postmortem", incident)

    # What all of them see is written now and then: it may come between two questions.
    wait_for(lambda: len({told(one) for one in seats}) == 1, GUARD)
    for one in seats:
        one.run("verify", incident)


def kept(name: str, what: Any) -> None:
    """A measurement, for whoever asked for it."""
    if folder := os.environ.get("LEEWARD_ARTEFACTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / name).write_text(json.dumps(what, indent=1) + "\n")


# What it must show


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_two_machines_work_one_incident(world: dict[str, Any], tmp_path: Path, size: tuple[int, int]) -> None:
    with (
        seat(world, tmp_path / "a", size=size) as rae,
        seat(world, tmp_path / "b", "second_config", size=size) as ada,
    ):
        declare(rae)
        card = join(ada)
        assert re.search("declared +by responder", card) and re.search("stands +investigating, P2", card), (
            card
        )
        rae.shows("with ada", "command: nobody")
        ada.shows("with responder", "INVESTIGATING")
        notes_arrive(rae, ada)
        take_command(rae)
        ada.shows("command: responder")
        refused_command(ada)
        race(rae, ada)
        ada.shows("MITIGATING", "responder changes the target")
        rae.shows("effective:", "held: MAX_CONCURRENT_MISTRAL=3 until")
        ada.shows("effective:", "held: MAX_CONCURRENT_MISTRAL=3 until")
        ada.shows_no("changes the target")
        severity(ada, "P3")
        rae.shows("P2 → P3", "MITIGATING")
        hand_over(rae, ada)
        monitor_and_resolve(ada)
        rae.shows("RESOLVED")
        agree(rae, ada)
        first, second = written_up(rae), written_up(ada)
        assert first == second and "Verdict: effective" in first
        for one in (rae, ada):
            one.press("q")
            one.shows("EXIT 0")
        agree(rae, ada)
        assert len(of(rae, "intent")) == 1
        assert {entry["actor"] for entry in of(rae, "exported")} == {"responder", "ada"}


def notes_arrive(one: Seat, other: Seat) -> None:
    """Each note, from when it lies on one disk until it is on the other screen."""
    lasted = []
    for number, (here, there) in enumerate([(one, other), (other, one), (one, other)]):
        text = f"traffic rose, {number}"
        here.press("n")
        here.shows("Note")
        here.type(text)
        here.press("Enter")
        on_disk, on_screen = partial(_has, here.journals, text), partial(_has, there.seen, text)
        lasted.append(took(on_disk, on_screen))
        here.shows("Noted.")
    kept("note-from-disk-to-screen.json", {"seconds": lasted, "size": one.console.size})
    assert max(lasted) < 60  # measured: well under a second; a busy machine may take longer


def _has(read: Callable[[], str], text: str) -> bool:
    return text in read()


def refused_command(one: Seat) -> None:
    one.press("i")
    one.shows("Commander")
    one.press("c")
    one.shows("responder has had command since", "Ask responder to hand")
    one.press("k")
    one.shows_no("Leave it with")


def race(first: Seat, second: Seat) -> None:
    """Both are asked whether to apply it, and both say yes: the one that is slower learns who was faster."""
    preview(first)
    preview(second)
    with second.stopped():
        second.press("y")
        first.press("y")
        first.records('"kind":"intent"')
    # Its key is refused by the place, or by itself where it hears of the lock before it hears of the key.
    second.shows_one_of("responder is changing mistral-service", "locked by responder")
    second.press("Escape")
    second.shows_no("nothing was changed")
    first.shows("MITIGATING")


def severity(one: Seat, level: str) -> None:
    one.press("i")
    one.shows("Severity")
    one.press("v")
    one.shows("Complete outage")
    one.press(level[1])
    one.shows("why?")
    one.press("Enter")
    one.shows(f"→ {level}")


def hand_over(one: Seat, other: Seat) -> None:
    one.press("i")
    one.shows("Hand over")
    one.press("h")
    one.shows("Hand over to", "ada")
    one.press("1")
    one.shows("command: ada")
    one.press("Escape")
    other.shows("command: you")


@pytest.mark.thorough
def test_while_one_changes_the_target_the_other_is_told_who_does(tmp_path: Path) -> None:
    """In a world that takes its time, so that the change is under way for long enough to look."""
    (tmp_path / "world").mkdir()
    with (
        served("rate-limited", tmp_path / "world") as world,
        joined(world, tmp_path, size=(80, 24)) as (rae, ada),
    ):
        preview(rae)
        preview(ada)
        rae.press("y")
        rae.shows("MITIGATING")
        # In the preview that is open, in the list, and in one that is opened anew.
        ada.shows("held by responder: Reduce concurrency", "nothing is queued")
        ada.press("y")
        ada.press("Escape")
        ada.shows_no("held by responder")
        ada.shows("MITIGATING", "responder changes the target")
        ada.press("m")
        ada.shows("nothing is changed by looking", "responder")
        assert len(of(rae, "intent")) == 1


@pytest.mark.thorough
def test_one_is_killed_in_the_middle_of_a_change_and_the_other_takes_over(
    world: dict[str, Any], tmp_path: Path
) -> None:
    with contextlib.ExitStack() as seats:
        rae, ada = seats.enter_context(joined(world, tmp_path))
        take_command(rae)
        ada.shows("command: responder")
        preview(rae)
        rae.press("y")
        ada.records('"kind":"intent"')
        rae.kill()
        # Its lock and its command run out; then the change is settled and judged, and command can be taken.
        ada.shows("command: responder, gone")
        ada.records('"kind":"verdict"')
        take_over(ada)
        back = seats.enter_context(seat(world, rae.state))
        resume(back)
        back.shows("with ada", "command: ada")
        ada.shows("with responder")
        agree(back, ada)
        monitor_and_resolve(ada)
        back.shows("RESOLVED")
        agree(back, ada)
        assert len(of(ada, "intent")) == 1 and len(of(ada, "verdict")) == 1
        (over,) = [entry for entry in of(ada, "commander") if entry["actor"] == "ada"]
        assert "responder" in over["text"]


def take_over(one: Seat) -> None:
    one.press("i")
    one.shows("Commander", "Hand over")
    one.press("c")
    one.shows("Take over from responder")
    one.press("t")
    one.shows("command: you")


def resume(one: Seat) -> None:
    """Whoever comes back is offered what is open, and sees what happened meanwhile."""
    one.shows("1 open incident")
    one.press("i")
    one.shows("Resume inc-")
    one.press("r")
    one.shows("with ada")
    one.press("Escape")


@pytest.mark.thorough
def test_two_consoles_of_one_machine_and_one_login(world: dict[str, Any], tmp_path: Path) -> None:
    with contextlib.ExitStack() as seats:
        first = seats.enter_context(seat(world, tmp_path / "a"))
        second = seats.enter_context(seat(world, tmp_path / "a"))
        declare(first)
        join(second)
        first.shows("with you on")
        second.shows("with you on")
        note(first, "from the first")
        second.shows("from the first")
        note(second, "from the second")
        first.shows("from the second")
        assert len(list(first.state.rglob("journal*.jsonl"))) == 2
        take_command(first)
        second.press("i")
        second.shows("Commander")
        second.press("c")
        second.shows("your console on", f"process {first.console.pid}")
        second.press("w")
        second.shows("Here now", f"process {first.console.pid}", f"process {second.console.pid}")
        second.press("Escape")
        second.shows_no("Here now")
        first.kill()
        second.shows("gone")
        note(second, "it goes on")
        (one,) = [entry for entry in of(second, "note") if entry["text"] == "it goes on"]
        assert one["actor"] == "responder"
        third = seats.enter_context(seat(world, tmp_path / "b", "second_config"))
        join(third)
        third.shows("it goes on")
        agree(second, third)


def test_one_is_cut_off_from_the_shared_place_in_the_middle_of_the_work(
    world: dict[str, Any], tmp_path: Path
) -> None:
    with (
        contextlib.closing(Way(world, "second_config", tmp_path / "way")) as way,
        joined(world, tmp_path, config=way.config) as (rae, ada),
    ):
        rae.shows("with ada")
        way.cut()
        ada.shows("shared place away")
        note(ada, "nobody hears this")
        ada.shows("wait")
        note(rae, "nor this")
        severity(ada, "P3")
        ada.shows("nobody hears this", "P2 → P3", "INVESTIGATING")
        rae.shows("ada silent")
        assert "nor this" not in ada.journals() and "nobody hears this" not in rae.journals()
        way.heal()
        ada.press("r")
        ada.shows("nor this", "with responder")
        ada.shows_no("shared place away")
        rae.shows("nobody hears this", "with ada", "P2 → P3")
        agree(rae, ada)


@pytest.mark.thorough
def test_who_sleeps_before_it_says_yes_finds_that_another_was_there(
    world: dict[str, Any], tmp_path: Path
) -> None:
    with joined(world, tmp_path) as (rae, ada):
        preview(rae)
        with rae.stopped():
            rae.press("y")
            # Longer than a lease lasts: whatever it held is given to others.
            ada.shows("responder silent")
            preview(ada)
            ada.press("y")
            ada.shows("MITIGATING")
            ada.records('"kind":"outcome"')
        rae.records('"kind":"outcome"')
        rae.press("Escape")
        rae.shows("MITIGATING", "with ada")
        ada.records('"kind":"verdict"')
        agree(rae, ada)
        assert [entry["actor"] for entry in of(rae, "intent")] == ["ada"]
