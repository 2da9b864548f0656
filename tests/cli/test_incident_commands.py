"""`incidents` filtered, compared and ranked, and the handover of `show`: over records on disk."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_record_commands import leeward
from tests.support.clock import START, ManualClock
from tui.model.incident import Draft, Kind
from tui.model.redaction import Redactor
from tui.model.times import rfc3339
from tui.record.journal import Journal

OLD, NEW, OPEN, DRILL = (f"inc-202611{day}-1503-7f3a" for day in ("01", "10", "20", "22"))
EVIL = "evil \x1b[31m\u202ered | <b>"


async def _write(
    state_dir: Path, incident_id: str, days: int, *said: tuple[Kind, float, dict[str, Any]]
) -> None:
    begin = START - timedelta(days=days)
    clock = ManualClock(begin)
    async with await Journal.create(state_dir, incident_id, clock, Redactor()) as journal:
        for kind, minutes, data in said:
            await clock.advance(60 * minutes - (clock.now() - begin).total_seconds())
            text = data.pop("text", str(kind))
            await journal.append(Draft(kind, text, clock.now(), "ana", data))


def _alert(minutes: float, days: int) -> dict[str, Any]:
    at: datetime = START - timedelta(days=days) + timedelta(minutes=minutes)
    return {"fingerprint": "f1", "name": "MistralRateLimitWarning", "starts_at": rfc3339(at)}


async def _recorded(state_dir: Path) -> None:
    failed = {"check": "mistral_api", "to": "fail"}
    await _write(
        state_dir, OLD, 22,
        (Kind.STATE, 0, dict(failed)),
        (Kind.ALERT, 2, _alert(2, 22)),
        (Kind.DECLARED, 4, {"title": "limited in spring", "severity": "P2"}),
        (Kind.DIAGNOSIS, 5, {"id": "rate-limited", "title": "Rate limited"}),
        (Kind.ACKNOWLEDGED, 6, {}),
        (Kind.STATUS, 20, {"to": "monitoring"}),
        (Kind.RESOLVED, 30, {}),
    )  # fmt: skip
    await _write(
        state_dir, NEW, 13,
        (Kind.STATE, 0, dict(failed)),
        (Kind.DECLARED, 4, {"title": EVIL, "severity": "P1"}),
        (Kind.DIAGNOSIS, 5, {"id": "network", "title": "The network"}),
        (Kind.ACKNOWLEDGED, 14, {}),
        (Kind.RESOLVED, 50, {}),
    )  # fmt: skip
    await _write(
        state_dir, OPEN, 3,
        (Kind.DECLARED, 0, {"title": "limited again", "severity": "P2"}),
        (Kind.DIAGNOSIS, 1, {"id": "rate-limited", "title": "Rate limited"}),
        (Kind.NOTE, 2, {"text": EVIL}),
    )  # fmt: skip
    await _write(
        state_dir, DRILL, 1,
        (Kind.DECLARED, 0, {"title": "practised", "severity": "P2", "drill": True}),
        (Kind.DIAGNOSIS, 1, {"id": "rate-limited", "title": "Rate limited"}),
        (Kind.ACKNOWLEDGED, 2, {}),
        (Kind.RESOLVED, 900, {}),
    )  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two past incidents, an open one, and a drill's."""
    folder = tmp_path_factory.mktemp("home")
    asyncio.run(_recorded(folder / "state" / "leeward"))
    return folder


def ids(home: Path, *arguments: str) -> list[str]:
    done = leeward(home, "incidents", *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return [one["id"] for one in json.loads(done.stdout)]


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ((), [DRILL, OPEN, NEW, OLD]),
        (("--severity", "P1"), [NEW]),
        (("--severity", "P1", "--severity", "P2", "--status", "resolved"), [DRILL, NEW, OLD]),
        (("--status", "open"), [OPEN]),
        (("--diagnosis", "rate-limited"), [DRILL, OPEN, OLD]),
        (("--since", "2026-11-05"), [DRILL, OPEN, NEW]),
        (("--since", "2026-11-20T15:03:11Z", "--status", "open"), [OPEN]),
        (("--since", "9000d", "--severity", "P4"), []),
    ],
)
def test_the_list_is_filtered(home: Path, filters: tuple[str, ...], left: list[str]) -> None:
    assert ids(home, *filters) == left


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--since", "yesterday"), "write 2026-11-01 or 30d"),
        (("--severity", "P9"), "P9"),
        (("--stats", "--similar", OLD), "cannot both"),
        (("--similar", "inc-20260101-0000-0000"), "There is no incident"),
    ],
)
def test_a_filter_that_is_none_is_a_wrong_call(home: Path, wrong: tuple[str, ...], said: str) -> None:
    done = leeward(home, "incidents", *wrong)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_statistics_count_no_drill_and_leave_out_what_is_unknown(home: Path) -> None:
    done = leeward(home, "incidents", "--stats", "--json")
    told = json.loads(done.stdout)
    assert told["drills"] is None
    told = told["incidents"]
    assert (told["count"], told["open"]) == (3, 1)
    assert told["severities"] == {"P2": 2, "P1": 1}
    assert told["diagnoses"] == {"rate-limited": 2, "network": 1}
    measures = {one["id"]: one for one in told["measures"]}
    repaired = measures["time_to_repair"]
    assert (repaired["known"], repaired["of"]) == (2, 3)
    assert (repaired["shortest_s"], repaired["median_s"], repaired["longest_s"]) == (1800, 2400, 3000)
    assert measures["time_to_mitigate"]["median_s"] == 1200
    assert all(one["definition"] for one in told["measures"])


def test_drills_are_compared_apart_where_they_are_asked_for(home: Path) -> None:
    told = json.loads(leeward(home, "incidents", "--stats", "--drills", "--json").stdout)
    assert (told["incidents"]["count"], told["drills"]["count"]) == (3, 1)
    drilled = {one["id"]: one["median_s"] for one in told["drills"]["measures"]}
    assert drilled["time_to_repair"] == 54_000
    assert (
        json.loads(leeward(home, "incidents", "--stats", "--json").stdout)["incidents"] == told["incidents"]
    )


def test_statistics_for_a_person(home: Path) -> None:
    done = leeward(home, "incidents", "--stats")
    assert done.stdout.startswith("3 incidents, 1 open\n")
    assert "by diagnosis  rate-limited 2, network 1" in done.stdout
    assert "Time to repair       40 min  30 min    50 min   2 of 3" in done.stdout
    assert "1 drill is not counted" in done.stderr
    none = leeward(home, "incidents", "--stats", "--severity", "P4")
    assert none.stdout.startswith("0 incidents, 0 open")
    assert "unknown" in none.stdout


def test_similar_ones_are_ranked_and_say_why(home: Path) -> None:
    done = leeward(home, "incidents", "--similar", OPEN, "--json")
    assert [(one["id"], one["why"]) for one in json.loads(done.stdout)] == [
        (OLD, ["same diagnosis: rate-limited"])
    ]
    with_drills = json.loads(leeward(home, "incidents", "--similar", OPEN, "--drills", "--json").stdout)
    assert {one["id"] for one in with_drills} == {OLD, DRILL}
    table = leeward(home, "incidents", "--similar", OLD)
    assert "same diagnosis: rate-limited" in table.stdout
    assert "failed: mistral_api" in table.stdout
    assert "\x1b" not in table.stdout and "\u202e" not in table.stdout


def test_show_has_what_was_detected_and_what_was_set_by_hand(home: Path) -> None:
    shown = json.loads(leeward(home, "show", OLD, "--json").stdout)["incident"]
    assert shown["milestones"]["detected"] == shown["milestones"]["alert_fired"]
    assert shown["milestones_set"] == []


def test_the_handover_is_a_page_for_the_next_shift(home: Path) -> None:
    done = leeward(home, "show", OPEN, "--handover")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"# Handover of {OPEN}, ")
    for heading in (
        "Impact",
        "Command",
        "Tried",
        "Still live",
        "Not known",
        "Open action items",
        "Next step",
    ):
        assert f"\n## {heading}\n" in done.stdout
    assert "- not tried yet: Reduce concurrency (m)" in done.stdout
    assert "the record alone" in done.stdout
    assert "\x1b" not in done.stdout and "\u202e" not in done.stdout
    told = json.loads(leeward(home, "show", OPEN, "--handover", "--json").stdout)
    assert [part["title"] for part in told["parts"]][-1] == "Next step"


def test_a_handover_does_not_fail_for_settings_that_are_wrong(home: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "config.toml"
    wrong.write_text("nonsense = 3\n")
    done = leeward(home, "--config", str(wrong), "show", OPEN, "--handover")
    assert done.returncode == 0
    assert "The next step is missing" in done.stderr
    assert "## Tried" in done.stdout
