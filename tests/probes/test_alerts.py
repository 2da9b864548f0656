"""Alerts: what fires, since when, and an Alertmanager that does not say so."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.probes.support import PACE, clock, redactor, sound
from tests.probes.test_mistral_answer import json_values
from tests.support import hostile
from tui.clients import alertmanager
from tui.clients.alertmanager import moment, parse
from tui.model.reading import Alert, Reading, State
from tui.probes.alerts import Alerts
from tui.settings import SecretSource, Server


def alert(
    name: str, since: str = "2026-11-23T14:40:00.123456789Z", state: str = "active", **labels: str
) -> Any:
    return {
        "labels": {"alertname": name, **labels},
        "annotations": {"summary": f"{name} it is"},
        "startsAt": since,
        "fingerprint": f"f-{name}",
        "status": {"state": state, "silencedBy": [], "inhibitedBy": []},
    }


async def reading_from(talk: hostile.Talk, **how: Any) -> Reading:
    async with hostile.serving(talk) as url:
        server = Server(url=url, **how)
        return sound(
            await Alerts(server, {"AM": "sentinel-of-alertmanager"}, PACE, clock(), redactor()).ask()
        )


def holds(*alerts: Any) -> hostile.Talk:
    return hostile.says(json.dumps(list(alerts)).encode())


async def test_one_alert_is_named_with_its_age() -> None:
    reading = await reading_from(holds(alert("MistralRateLimitWarning", severity="warning")))
    assert (reading.state, reading.summary) == (State.WARN, "MistralRateLimitWarning, 23 min")
    assert reading.facts["firing"] == 1
    assert reading.facts["names"] == ("MistralRateLimitWarning",)
    assert reading.facts["severities"] == ("warning",)
    assert reading.of(Alert)[0].fingerprint == "f-MistralRateLimitWarning"
    assert reading.evidence == (
        "MistralRateLimitWarning fires since 14:40:00Z: MistralRateLimitWarning it is",
    )


async def test_of_several_the_gravest_is_named_and_the_oldest_counts() -> None:
    reading = await reading_from(
        holds(alert("MistralHighLatency", "2026-11-23T15:00:00Z"),
              alert("MistralUnavailable", "2026-11-23T15:01:00Z", severity="critical"))
    )  # fmt: skip
    assert (reading.state, reading.summary) == (State.FAIL, "2 firing: MistralUnavailable, 3 min")


async def test_a_silenced_alert_does_not_fire() -> None:
    reading = await reading_from(holds(alert("MistralHighCost", state="suppressed")))
    assert (reading.state, reading.summary) == (State.OK, "none firing, 1 silenced")
    assert reading.facts["oldest_s"] is None
    assert reading.of(Alert)[0].state == "suppressed"


async def test_alerts_of_others_are_counted_and_no_more() -> None:
    ours = alert("HighErrors", service="mistral-service")
    reading = await reading_from(holds(alert("DiskFull"), ours))
    assert reading.facts["names"] == ("HighErrors",)
    assert reading.note == "1 other alerts, not about Mistral"


async def test_a_group_that_was_truncated_is_said_so() -> None:
    group = {"receiver": {"name": "r"}, "alerts": [alert("MistralHighErrorRate")], "truncatedAlerts": 7}
    for told in ([group], group):
        reading = await reading_from(hostile.says(json.dumps(told).encode()))
        assert reading.facts["names"] == ("MistralHighErrorRate",)
        assert reading.facts["truncated"] is True
        assert reading.note == "Alertmanager left out 7 more of a group: truncated"
    assert (await reading_from(holds(alert("MistralHighErrorRate")))).facts["truncated"] is False


async def test_none_of_ours_in_a_list_that_was_cut_is_unknown() -> None:
    told = [{"alerts": [alert("DiskFull")], "truncatedAlerts": 2}]
    reading = await reading_from(hostile.says(json.dumps(told).encode()))
    assert (reading.state, reading.summary) == (State.UNKNOWN, "none among the 1 that were told")


async def test_a_list_that_is_too_long_is_read_as_far_as_it_goes_and_said_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alertmanager, "_LIMIT", 1000)
    reading = await reading_from(holds(*(alert(f"MistralHighErrorRate{n}") for n in range(20))))
    assert reading.facts["truncated"] is True
    assert "MistralHighErrorRate0" in reading.facts["names"]
    assert 0 < len(reading.of(Alert)) < 20
    assert "more alerts than could be read" in reading.note


@given(st.binary(max_size=300), st.integers(0, 300))
def test_a_list_cut_anywhere_gives_its_first_items_and_never_fails(junk: bytes, cut: int) -> None:
    items = [alert("MistralOne"), alert("MistralTwo")]
    body = json.dumps(items).encode()
    found = [*alertmanager._whole_items(body[:cut])]
    assert found == items[: len(found)]
    assert [*alertmanager._whole_items(body)] == items
    for _ in alertmanager._whole_items(b"[" + junk):
        pass


async def test_none_is_well() -> None:
    assert (await reading_from(holds())).summary == "none firing"


@pytest.mark.parametrize(
    "talk",
    [
        hostile.says(b"<html>sign in", "200 OK", "text/html"), hostile.says(b"{}"),
        hostile.says(b'"no"', "401 Unauthorized"), hostile.says(b"", "502 Bad Gateway"),
        hostile.hangs, hostile.trickles, hostile.garbles, hostile.resets, hostile.floods,
    ],
)  # fmt: skip
async def test_an_alertmanager_that_does_not_say_is_unknown(talk: hostile.Talk) -> None:
    reading = await reading_from(talk, token=SecretSource(env="AM"))
    assert reading.state is State.UNKNOWN
    assert not reading.facts
    assert "sentinel" not in repr(reading)


async def test_a_refused_token_is_fetched_anew_and_a_good_one_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old-token-of-alertmanager")
    file.chmod(0o600)
    asked: list[bytes] = []

    async def talk(head: bytes, writer: hostile.Writer) -> None:
        asked.append(head)
        good = b"Bearer new-token" in head
        writer.write(hostile.answer(b"[]" if good else b"", "200 OK" if good else "401 Unauthorized"))

    async with hostile.serving(talk) as url:
        server = Server(url=url, token=SecretSource(file=str(file)))
        probe = Alerts(server, {}, PACE, clock(), redactor())
        assert (await probe.ask()).state is State.UNKNOWN
        file.write_text("new-token-of-alertmanager")
        assert (await probe.ask()).state is State.OK
        file.unlink()
        assert (await probe.ask()).state is State.OK
    assert len(asked) == 3


@given(
    st.dictionaries(
        st.sampled_from(["labels", "annotations", "startsAt", "fingerprint", "status"]), json_values
    )
)
def test_no_alert_is_too_strange(item: dict[str, object]) -> None:
    parse(item)
    parse({**alert("x"), **item})


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-23T15:00:00.123456789+01:00", datetime(2026, 11, 23, 14, 0, 0, 123456, UTC)),
        ("2026-11-23T15:00:00Z", datetime(2026, 11, 23, 15, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00+05:00", None),
        ("2026-11-23", None),
        ("", None),
        (None, None),
    ],
)
def test_times_are_read_as_go_writes_them(text: object, at: datetime | None) -> None:
    assert moment(text) == at
