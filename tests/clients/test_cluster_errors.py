"""Every refusal that was recorded from a real API server is told in words, and leaks nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.clients.cluster_errors import Asked, Reason, refused

RECORDINGS = Path(__file__).parents[1] / "recordings" / "kubernetes-api"
ASKED = Asked(
    verb="patch",
    resource="deployments",
    what="deployment mistral-service",
    context="prod-eu",
    namespace="prod",
    user="u",
    group="apps",
)


def recorded_refusals() -> list[tuple[str, int, dict[str, Any]]]:
    found = []
    for path in sorted(RECORDINGS.glob("*.json")):
        response = json.loads(path.read_text()).get("response") or {}
        if response.get("status", 0) >= 400:
            found.append((path.stem, response["status"], response["body"]))
    return found


REFUSALS = recorded_refusals()


def test_there_are_recordings_of_each_kind() -> None:
    assert {status for _, status, _ in REFUSALS} >= {400, 401, 403, 404, 409, 422}


@pytest.mark.parametrize(("name", "status", "body"), REFUSALS, ids=[name for name, _, _ in REFUSALS])
def test_each_recorded_refusal_is_a_sentence(name: str, status: int, body: dict[str, Any]) -> None:
    error = refused(status, json.dumps(body).encode(), ASKED)
    assert error.status == status
    assert error.reason is not Reason.SERVER
    assert not error.sent
    assert error.said.endswith(".")
    assert error.remedy.endswith(".")
    assert "{" not in error.said
    assert "managedFields" not in error.said
    assert len(error.said) < 500


def test_the_recorded_user_is_named_and_not_the_kubeconfigs() -> None:
    (body,) = [body for name, _, body in REFUSALS if name == "deployment-patch-forbidden"]
    error = refused(403, json.dumps(body).encode(), ASKED)
    assert error.said == (
        "responder may not patch deployments.apps in namespace prod of prod-eu; nothing was changed."
    )


def test_a_recorded_quota_is_a_policy() -> None:
    (body,) = [body for name, _, body in REFUSALS if name == "quota-exceeded"]
    assert "exceeded quota: tight" in refused(403, json.dumps(body).encode(), ASKED).said


def test_what_a_validation_error_quotes_is_left_out() -> None:
    (body,) = [body for name, _, body in REFUSALS if name == "deployment-patch-odd-env-name"]
    error = refused(422, json.dumps(body).encode(), ASKED)
    assert "BAD NAME" not in error.said
    assert "a valid environment variable name" in error.said


@given(st.integers(400, 599), st.binary(max_size=200))
def test_no_answer_breaks_the_telling(status: int, body: bytes) -> None:
    error = refused(status, body, ASKED)
    assert error.said
    assert error.remedy


WORDS = st.recursive(
    st.none() | st.text(max_size=20) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from([400, 401, 403, 404, 409, 422]), WORDS, WORDS)
def test_a_status_object_of_any_shape_is_told(status: int, message: Any, details: Any) -> None:
    body = {"kind": "Status", "message": message, "details": details, "code": details}
    assert refused(status, json.dumps(body).encode(), ASKED).said
