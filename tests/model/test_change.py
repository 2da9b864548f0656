"""The last change of the pods: what differs from the revision before, and when errors began against it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import START
from tui.model import change
from tui.model.change import Difference, against
from tui.model.onset import began, set_against_change
from tui.model.reading import Check, Held, Reading, State

STEP = timedelta(seconds=30)


def revision(number: str, image: str, cause: str = "", **env: str) -> dict[str, Any]:
    entries = [{"name": name, "value": value} for name, value in env.items()]
    notes = {"deployment.kubernetes.io/revision": number, "kubernetes.io/change-cause": cause}
    container = {"name": "app", "image": image, "env": entries, "resources": {}}
    return {"metadata": {"annotations": notes}, "spec": {"template": {"spec": {"containers": [container]}}}}


def test_images_and_variables_that_differ_are_named() -> None:
    old, new = revision("1", "app:1", A="1", GONE="x"), revision("2", "app:2", "release 2", A="2", NEW="y")
    found = change.of(new, [new, old, revision("0", "app:0")], START)
    assert (found.revision, found.previous, found.cause, found.at) == ("2", "1", "release 2", START)
    assert found.differences == (
        Difference("image", "app:1", "app:2"),
        Difference("A", "1", "2"),
        Difference("GONE", "x", None),
        Difference("NEW", None, "y"),
    )


def test_what_else_differs_is_told_without_its_content() -> None:
    old, new = revision("1", "app:1"), revision("2", "app:1")
    new["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"memory": "1Gi"}}
    assert change.of(new, [old], None).differences == (Difference("resources", "as before", "changed"),)


def test_without_an_older_revision_nothing_is_claimed() -> None:
    new = revision("2", "app:2")
    assert change.of(new, [new, revision("3", "app:3")], START).differences == ()
    assert change.of({}, [], None).previous == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(120, "2 min after"), (-2400, "40 min before"), (10, "together with"), (47, "47 s after")],
)
def test_errors_against_a_change_in_words(seconds: int, words: str) -> None:
    assert against(START + timedelta(seconds=seconds), START) == words


def line(*values: float | None) -> list[tuple[Any, float | None]]:
    return [(START + n * STEP, value) for n, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "first"),
    [
        ((0, 0, 0, 2, 5, 5, 4), 3),
        ((0, 0.01, 0, 2, 5, 0, 0, 4), 3),
        ((0, 3, 3, 0, 0, 0, 0, 4, 4), 7),
        ((0, 3, 3, 0, 0, 0, 0), None),
        ((5, 5, 5), None),
        ((0, 0, 0), None),
        ((), None),
        ((None, None, 4), 2),
    ],
)
def test_errors_began_with_the_run_that_still_lasts(
    values: tuple[float | None, ...], first: int | None
) -> None:
    found = began([line(*values)])
    assert found == (None if first is None else START + first * STEP)


@given(st.lists(st.floats(0, 100), max_size=40), st.lists(st.floats(0, 100), max_size=40))
def test_the_beginning_is_a_moment_of_the_lines_and_never_the_first(
    one: list[float], other: list[float]
) -> None:
    found = began([line(*one), line(*other)])
    moments = sorted({at for points in (line(*one), line(*other)) for at, _ in points})
    assert found is None or found in moments[1:]


def held(check: Check, ago: float, **facts: Any) -> Held:
    reading = Reading(check, State.WARN, "as it is", START - timedelta(seconds=ago), facts)
    return Held(reading, reading, timedelta(minutes=1))


def test_the_two_checks_are_set_against_each_other_however_old_each_answer_is() -> None:
    checks = {
        Check.WORKLOAD: held(Check.WORKLOAD, 5, last_change_age_s=1195, revision="2"),
        Check.ERROR_RATE: held(Check.ERROR_RATE, 20, began_s=1060),
    }
    joined = set_against_change(checks)
    assert joined is not None
    assert joined.latest.facts["errors_after_change_s"] == 120
    assert joined.latest.facts["change_against_errors"] == "2 min after"
    assert joined.latest.facts["revision"] == "2"
    assert joined.good is joined.latest


def test_without_either_moment_nothing_is_added() -> None:
    pods = held(Check.WORKLOAD, 0, last_change_age_s=60)
    assert set_against_change({Check.WORKLOAD: pods}) is None
    assert set_against_change({Check.WORKLOAD: pods, Check.ERROR_RATE: held(Check.ERROR_RATE, 0)}) is None
    odd = replace(pods.latest, facts={"last_change_age_s": "soon"})
    both = {
        Check.WORKLOAD: replace(pods, latest=odd),
        Check.ERROR_RATE: held(Check.ERROR_RATE, 0, began_s=4),
    }
    assert set_against_change(both) is None
