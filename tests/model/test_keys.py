"""What may be shown of a key, what can be one at all, and how pods use a Secret."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.key_use import secret_of, template_of, uses
from tui.model.keys import KeyShown, StoreError, UnfitKey, checked
from tui.model.secret import Secret

KEY = "Hq7xT0pQ2LmZ9wRbV4cN8kJ1sD6fG3yA"


def test_of_a_key_at_most_four_letters_a_length_and_a_fingerprint_are_shown() -> None:
    shown = KeyShown.of(Secret(KEY), "typed")
    assert (shown.length, shown.prefix, shown.masked) == (32, "Hq7x", "Hq7x…")
    assert shown.told == f"key {Secret(KEY).fingerprint} (32 characters)"
    assert "Hq7x" not in shown.told


def test_of_a_short_text_no_letter_is_shown() -> None:
    assert KeyShown.of(Secret("short"), "").masked == "…"


@pytest.mark.parametrize("typed", [KEY, f" {KEY}\n", f"\t{KEY}\r\n"])
def test_what_was_pasted_is_stripped(typed: str) -> None:
    assert checked(typed) == Secret(KEY)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("  \n", "No key was typed."),
        (f"{KEY[:16]} {KEY[16:]}", "The key has white space inside its 33 characters."),
        (f"{KEY}\n{KEY}", "The key has white space inside its 65 characters."),
        (KEY[:15], "The key has 15 characters; a key has from 16 to 512."),
        (KEY * 17, "The key has 544 characters; a key has from 16 to 512."),
        (f'"{KEY}"', "The key has characters that no key has"),
        (f"{KEY}é", "The key has characters that no key has"),
    ],
)
def test_what_can_be_no_key_is_refused_without_quoting_it(typed: str, said: str) -> None:
    with pytest.raises(UnfitKey) as caught:
        checked(typed)
    assert caught.value.said.startswith(said)
    assert KEY[:8] not in str(caught.value)


@given(st.text(max_size=600))
def test_whatever_is_typed_is_a_key_of_one_line_or_is_refused(typed: str) -> None:
    try:
        key = checked(typed)
    except UnfitKey as unfit:
        assert unfit.said.endswith(".")
        assert len(typed.strip()) < 4 or typed.strip() not in str(unfit)
    else:
        assert key.reveal() == typed.strip()
        assert key.reveal().isascii()


def test_a_stores_error_is_one_line_of_plain_text() -> None:
    error = StoreError("No.\x1b[31m", "Ask.", sent=True, outcome="unknown")
    assert "\x1b" not in str(error)
    assert (error.sent, error.outcome) == (True, "unknown")


FROM_ENV = {"name": "K", "valueFrom": {"secretKeyRef": {"name": "mistral", "key": "api-key"}}}


def pod(container: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "c", **container}], **spec}}


def mounted(**mount: Any) -> dict[str, Any]:
    return {"volumeMounts": [{"name": "v", "mountPath": "/k", **mount}]}


PLAIN = {"name": "v", "secret": {"secretName": "mistral"}}
OTHER_ITEM = {"name": "v", "secret": {"secretName": "mistral", "items": [{"key": "other", "path": "o"}]}}
PROJECTED = {"name": "v", "projected": {"sources": [{"secret": {"name": "mistral"}}]}}


@pytest.mark.parametrize(
    ("template", "found"),
    [
        (pod({"env": [FROM_ENV]}), [("K in its environment", True, False)]),
        (pod({}, initContainers=[{"env": [FROM_ENV]}]), [("K in its environment", True, False)]),
        (
            pod({"envFrom": [{"secretRef": {"name": "mistral"}}]}),
            [("all of it in its environment", True, True)],
        ),
        (pod(mounted(), volumes=[PLAIN]), [("a volume", False, True)]),
        (pod(mounted(subPath="api-key"), volumes=[PLAIN]), [("a file under a subPath", True, True)]),
        (pod(mounted(), volumes=[PROJECTED]), [("a volume", False, True)]),
        (pod(mounted(), volumes=[OTHER_ITEM]), []),
        (pod({"env": [{"name": "K", "value": "mistral"}]}), []),
        ({"spec": {"containers": "nonsense", "volumes": [None, 3]}}, []),
        ({}, []),
    ],
)
def test_how_pods_use_a_key_of_a_secret_is_told(template: Any, found: list[tuple[str, bool, bool]]) -> None:
    assert [(use.how, use.restart, use.whole) for use in uses(template, "mistral", "api-key")] == found


def test_a_cronjobs_pods_stand_deeper() -> None:
    inner = pod({"env": [FROM_ENV]})
    nightly = {"spec": {"jobTemplate": {"spec": {"template": inner}}}}
    assert template_of(nightly) == inner
    assert template_of({"spec": {"template": inner}}) == inner


@pytest.mark.parametrize(
    ("container", "place"),
    [
        ({"env": [{**FROM_ENV, "name": "MISTRAL_API_KEY"}]}, ("mistral", "api-key")),
        ({"env": [{"name": "MISTRAL_API_KEY", "value": "x"}]}, None),
        ({"envFrom": [{"secretRef": {"name": "mistral"}}]}, ("mistral", "MISTRAL_API_KEY")),
        ({"envFrom": [{"secretRef": {"name": "m"}, "prefix": "MISTRAL_"}]}, ("m", "API_KEY")),
        ({"envFrom": [{"configMapRef": {"name": "m"}}]}, None),
    ],
)
def test_the_secret_that_a_deployment_takes_the_key_from(container: Any, place: Any) -> None:
    assert secret_of({"spec": {"template": pod(container)}}, "c") == place
