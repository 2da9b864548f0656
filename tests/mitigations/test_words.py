"""The word that arms, the breaker, and the commands by hand."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import START
from tui.mitigations.breaker import Breaker, breaker_of
from tui.mitigations.by_hand import set_env
from tui.mitigations.words import arming_word
from tui.model.incident import Applied


@pytest.mark.parametrize(
    ("context", "others", "word"),
    [
        ("prod-eu", (), "prodeu"),
        ("arn:aws:eks:eu-west-1:123456789012:cluster/prod-eu", (), "prodeu"),
        ("gke_project_europe-west1_Prod-EU", (), "prodeu"),
        ("admin@prod", (), "prod"),
        ("production-eu", (), "producti"),
        ("production-eu", ("production-us", "production-eu"), "productione"),
        ("a/prod", ("b/prod",), "aprod"),
        ("prod-eu", ("prod.eu",), "prodeu"),
        ("prod.eu", ("prod-eu",), "prodeu2"),
        ("日本", (), "context"),
    ],
)
def test_the_words(context: str, others: tuple[str, ...], word: str) -> None:
    assert arming_word(context, others) == word


def test_the_settings_word_wins() -> None:
    assert arming_word("prod-eu", (), " Production ") == "Production"


@given(st.lists(st.text("ab-_/.", min_size=1, max_size=12), min_size=2, max_size=5, unique=True))
def test_no_two_contexts_share_a_word(contexts: list[str]) -> None:
    words = [arming_word(context, contexts) for context in contexts]
    assert len(set(words)) == len(words)


@given(st.text(min_size=1, max_size=60))
def test_a_word_is_typed_without_searching(context: str) -> None:
    word = arming_word(context)
    assert 1 <= len(word) <= 8
    assert word.isascii()
    assert word.isalnum()


def change(outcome: str = "applied", verdict: str = "", undoes: str = "") -> Applied:
    return Applied("e", "raise-timeout", "t", "V", "1", "2", START, outcome, verdict, undoes=undoes)


def test_two_failures_in_a_row_stop_that_kind_until_a_person_resets_it() -> None:
    breaker = Breaker().after("raise-timeout", failed=True)
    assert not breaker.tripped("raise-timeout")
    breaker = breaker.after("raise-timeout", failed=True)
    assert breaker.stopped == {"raise-timeout"}
    assert not breaker.tripped("reduce-concurrency")
    assert not breaker.reset("raise-timeout").tripped("raise-timeout")


@pytest.mark.parametrize(
    ("changes", "tripped"),
    [
        ([change(verdict="ineffective"), change(verdict="harmful")], True),
        ([change("refused"), change(verdict="ineffective")], True),
        ([change(verdict="ineffective"), change(verdict="effective"), change("refused")], False),
        ([change(verdict="ineffective"), change(verdict="unknown"), change("refused")], True),
        ([change("refused"), change("refused", undoes="e0")], False),
    ],
)
def test_the_breaker_follows_from_the_incident(changes: list[Applied], tripped: bool) -> None:
    assert breaker_of(changes).tripped("raise-timeout") is tripped


@given(st.text(min_size=0, max_size=30), st.text(min_size=1, max_size=20))
def test_a_command_survives_any_value(value: str, context: str) -> None:
    command = set_env(context=context, namespace="n", deployment="d", variable="V", value=value)
    assert shlex.split(command)[-1] == f"V={value}"
    assert shlex.split(command)[2] == context


def test_unsetting_is_a_trailing_dash() -> None:
    command = set_env(context="c", namespace="n", deployment="d", variable="V", value=None, container="x")
    assert command == "kubectl --context c -n n set env deployment/d -c x V-"
