"""The manifest of a shared place: what it grants, and that servers and every kubectl take it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.drill_kubernetes.conftest import KEY, QUICK, Client, client
from tests.drill_kubernetes.recordings import load
from tests.drill_kubernetes.test_clients import PROGRAMS
from tests.drill_kubernetes.test_recordings import Make
from tests.support.real import require
from tui.cli import leeward
from tui.drill.kubernetes import Cluster, KubeApi
from tui.drill.kubernetes.shared import definition
from tui.sharing.manifest import Subject, Who, manifest, subject

__all__ = ["client"]

RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/home"
PATHS = {
    "Namespace": "/api/v1/namespaces",
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "Role": f"{RBAC}/roles",
    "RoleBinding": f"{RBAC}/rolebindings",
}
WHOM = (
    (Subject(Who.GROUP, "oncall"), Subject(Who.USER, "ada@example.com")),
    (Subject(Who.SERVICE_ACCOUNT, "board", "tools"),),
    (Subject(Who.GROUP, "platform: [leads]"),),
)


def documents(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text))


def roles(text: str) -> dict[str, dict[str, set[str]]]:
    """Role -> resource -> verbs."""
    return {
        one["metadata"]["name"]: {rule["resources"][0]: set(rule["verbs"]) for rule in one["rules"]}
        for one in documents(text)
        if one["kind"] == "Role"
    }


@pytest.fixture
async def empty() -> AsyncIterator[KubeApi]:
    """A cluster in which nobody has set up sharing."""
    served = KubeApi(Cluster(KEY, pace=QUICK))
    await served.start()
    yield served
    await served.stop()


def test_its_definition_is_the_one_of_the_simulated_world() -> None:
    (found,) = (one for one in documents(manifest("home")) if one["kind"] == "CustomResourceDefinition")
    assert found == definition()


def test_its_definition_agrees_with_the_recorded_one() -> None:
    """What was measured on a real server is kept: names, columns, selection, and the rule."""
    recorded = load("crd-create")["request"]["body"]
    (found,) = (one for one in documents(manifest("home")) if one["kind"] == "CustomResourceDefinition")
    for name in ("group", "scope", "names"):
        assert found["spec"][name] == recorded["spec"][name]
    (ours,), (theirs,) = found["spec"]["versions"], recorded["spec"]["versions"]
    for name in ("name", "served", "storage", "selectableFields", "additionalPrinterColumns"):
        assert ours[name] == theirs[name]
    ours, theirs = (one["schema"]["openAPIV3Schema"]["properties"]["spec"] for one in (ours, theirs))
    assert ours["x-kubernetes-validations"] == theirs["x-kubernetes-validations"]
    assert set(theirs["required"]) <= set(ours["required"])
    kept = ("incident", "kind", "occurredAt", "actor")
    assert {name: ours["properties"][name] for name in kept} == {
        name: theirs["properties"][name] for name in kept
    }


def test_each_role_may_what_its_people_need_and_nothing_more() -> None:
    reads = {"get", "list", "watch"}
    assert roles(manifest("home")) == {
        "leeward-responder": {"entries": reads | {"create"}, "leases": reads | {"create", "update"}},
        "leeward-reader": {"entries": reads, "leases": reads},
        "leeward-keeper": {
            "entries": reads | {"create", "delete"},
            "leases": reads | {"create", "update", "delete"},
        },
    }


def test_nobody_is_bound_who_was_not_named_and_how_to_is_said() -> None:
    text = manifest("home")
    assert not [one for one in documents(text) if one["kind"] == "RoleBinding"]
    for name in ("leeward-responder", "leeward-reader", "leeward-keeper"):
        assert f"create rolebinding {name} --role {name}" in text


def test_who_is_named_is_bound_as_what_they_are() -> None:
    bound = {
        one["metadata"]["name"]: one
        for one in documents(manifest("home", *WHOM))
        if one["kind"] == "RoleBinding"
    }
    rbac = "rbac.authorization.k8s.io"
    assert bound["leeward-responder"]["roleRef"]["name"] == "leeward-responder"
    assert bound["leeward-responder"]["subjects"] == [
        {"kind": "Group", "name": "oncall", "apiGroup": rbac},
        {"kind": "User", "name": "ada@example.com", "apiGroup": rbac},
    ]
    assert bound["leeward-reader"]["subjects"] == [
        {"kind": "ServiceAccount", "name": "board", "namespace": "tools"}
    ]
    assert bound["leeward-keeper"]["subjects"][0]["name"] == "platform: [leads]"


def test_the_same_call_gives_the_same_text() -> None:
    assert manifest("home", *WHOM) == manifest("home", *WHOM)


@given(st.text(min_size=1, max_size=40))
def test_whatever_name_is_given_stands_in_the_yaml_as_itself_and_adds_nothing(name: str) -> None:
    try:
        one = subject(f"user:{name}")
    except ValueError as error:
        assert str(error).endswith(".")
        return
    found = documents(manifest("home", (one,)))
    assert [doc["kind"] for doc in found].count("RoleBinding") == 1
    assert len(found) == 6
    assert found[-1]["subjects"][0]["name"] == name
    assert len(found[-1]["subjects"]) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no name"),
        (" oncall", "is no name"),
        ("a\nb", "is no name"),
        ("group:", "names nobody"),
        ("serviceaccount:only", "is no service account"),
        ("ada@example.com", "may be a user or a group; write user:ada@example.com"),
    ],
)
def test_who_cannot_be_told_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        subject(text)


def test_a_bare_name_is_a_groups_even_with_colons() -> None:
    assert subject("system:serviceaccounts:tools") == Subject(Who.GROUP, "system:serviceaccounts:tools")


async def test_a_server_takes_every_document_and_serves_entries(empty: KubeApi, client: Make) -> None:
    admin: Client = client(empty, "admin")
    for document in documents(manifest("home", *WHOM)):
        answer = await admin.http.post(PATHS[document["kind"]], json=document)
        assert answer.status_code == 201, answer.text
        assert "warning" not in answer.headers
    empty.cluster.settle()
    asked = "/apis/leeward.dev/v1/namespaces/home/entries?fieldSelector=spec.incident%3DINC-1"
    assert (await admin.get(asked))["items"] == []


class TestCommand:
    def run(self, *args: str, text: str = "", folder: Path) -> Any:
        (folder / "config.toml").write_text(text)
        return CliRunner().invoke(
            leeward, ["--config", str(folder / "config.toml"), "share", "manifest", *args]
        )

    def test_prints_the_manifest_of_the_namespace_that_is_set(self, tmp_path: Path) -> None:
        ran = self.run("--responders", "oncall", text='[sharing]\nnamespace = "home"\n', folder=tmp_path)
        assert (ran.exit_code, ran.stderr) == (0, "")
        assert ran.stdout == manifest("home", (Subject(Who.GROUP, "oncall"),))

    def test_says_which_namespace_it_took_where_none_is_set(self, tmp_path: Path) -> None:
        ran = self.run(folder=tmp_path)
        assert (ran.exit_code, ran.stdout) == (0, manifest("leeward"))
        assert "sharing.namespace is not set; this is for 'leeward'." in ran.stderr

    def test_refuses_whom_it_cannot_tell(self, tmp_path: Path) -> None:
        ran = self.run("--keepers", "ada@example.com", folder=tmp_path)
        assert (ran.exit_code, ran.stdout) == (2, "")
        assert "write user:ada@example.com or group:ada@example.com" in ran.stderr


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> str:
    found: str = request.param if "/" in request.param else require(request.param)
    return found


async def kubectl(program: str, folder: Path, *words: str, text: str) -> tuple[int, str, str]:
    child = await asyncio.create_subprocess_exec(
        program, *words,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={"KUBECONFIG": str(folder / "admin"), "HOME": str(folder), "PATH": os.environ["PATH"]},
    )  # fmt: skip
    out, err = await asyncio.wait_for(child.communicate(text.encode()), 120)
    return child.returncode or 0, out.decode(), err.decode()


@pytest.mark.real
@pytest.mark.parametrize("how", ["create", "apply"])
async def test_every_kubectl_sets_it_up(how: str, program: str, empty: KubeApi, tmp_path: Path) -> None:
    (tmp_path / "admin").write_text(empty.kubeconfig("admin"))
    text = manifest("home", *WHOM)
    code, out, err = await kubectl(program, tmp_path, how, "-f", "-", text=text)
    assert code == 0, err
    assert len(out.splitlines()) == len(documents(text))
    assert "customresourcedefinition.apiextensions.k8s.io/entries.leeward.dev created" in out
    # What an old kubectl kept of discovery knows no short name of what it created since.
    fresh = ("--cache-dir", str(tmp_path / "fresh"))
    code, out, err = await kubectl(program, tmp_path, *fresh, "get", "lwe", "-n", "home", text="")
    assert code == 0, err
    if how == "apply":
        code, out, err = await kubectl(program, tmp_path, "apply", "-f", "-", text=text)
        assert code == 0, err
        assert {line.rpartition(" ")[2] for line in out.splitlines()} == {"unchanged"}, out
