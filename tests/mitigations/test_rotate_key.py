"""A key's rotation against the simulated cluster: stored, restarted, taken back, and each refusal."""

import asyncio
import json
import logging
import traceback
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.mitigations.keys import (
    NEW,
    NEW_NAME,
    OLD_NAME,
    OTHER,
    SENTINELS,
    Keyed,
    NoWait,
    a_test,
    encoded,
    intent,
    keyed,
    lost_after,
    lost_before,
    refusing,
)
from tests.mitigations.test_protocol import KEY
from tests.support.clock import START
from tests.support.real import require
from tui.clients.cluster import Cluster
from tui.clients.secrets import KeyStore
from tui.drill.kubernetes.managed_fields import Writer
from tui.drill.kubernetes.resources import CRON_JOBS, STATEFUL_SETS, Resource
from tui.mitigations import Refused
from tui.mitigations.beside import Offer, PodsSay
from tui.mitigations.kinds import kind_named
from tui.mitigations.kinds.kind import Proves
from tui.mitigations.rollout import follow
from tui.mitigations.settle import settle
from tui.model.clock import SystemClock
from tui.model.keys import Stored, StoreError, named
from tui.model.mitigation import Plan, Verdict, VerdictKind
from tui.model.secret import Secret

INVALID = refusing(
    422,
    "Invalid",
    f'Secret "" is invalid: patch: Invalid value: "{{"data":{{"api-key":"{encoded(NEW)}","other":"{OTHER}",'
    f'"old":"{KEY}"}}}}": error decoding from json: illegal base64 data at input byte 0 {OTHER}',
    causes=[{"field": f"patch {KEY}", "message": f'Invalid value: "{OTHER}": {NEW} {encoded(KEY)} {OTHER}'}],
)
IMMUTABLE = refusing(
    422,
    "Invalid",
    'Secret "mistral" is invalid: data: Forbidden: field is immutable when `immutable` is set',
    causes=[{"field": "data", "message": "Forbidden: field is immutable when `immutable` is set"}],
)


@pytest.fixture
async def keys(tmp_path: Path) -> AsyncIterator[Keyed]:
    async with keyed(tmp_path) as made:
        yield made


@pytest.fixture(autouse=True)
def nothing_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No key, and no other value of the Secret, is in any log, however much is logged."""
    caplog.set_level(logging.DEBUG)
    yield
    told = "\n".join(record.getMessage() for record in caplog.records)
    assert not [value for value in SENTINELS if value in told]


async def refused(awaitable: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await awaitable
    error = caught.value
    assert clean_of_keys("".join(traceback.format_exception(error)), repr(vars(error)))
    assert error.said.endswith(".")
    assert error.remedy
    return error


def clean_of_keys(*texts: str) -> bool:
    forms = [form for value in SENTINELS for form in (value, encoded(value), value[:8])]
    return not [form for form in forms for text in texts if form in text]


async def rolled_out(keys: Keyed, plan: Plan) -> None:
    steps = [step async for step in follow(keys.cluster, plan, timedelta(seconds=10), SystemClock())]
    assert steps[-1].data.get("complete") is True


def pod_keys(keys: Keyed) -> set[str | None]:
    return {pod.env.get("MISTRAL_API_KEY") for pod in keys.world.sim.pods()}


def pods_read_from(keys: Keyed, spec: dict[str, Any]) -> None:
    """Replace what the pods take the key from, and wait for nothing: only the template is read."""
    container = {"name": "mistral-service", "env": [{"name": "MISTRAL_API_KEY", "$patch": "delete"}]}
    containers = [{**container, **spec.pop("container", {})}]
    keys.world.sim.edit(
        {"spec": {"template": {"spec": {"containers": containers, **spec}}}}, manager="kubectl"
    )


def workload(keys: Keyed, resource: Resource, name: str, spec: dict[str, Any]) -> None:
    item = {"metadata": {"name": name, "namespace": "prod"}, "spec": spec}
    keys.world.sim.store.create(resource, item, Writer("kubectl"))


FROM_ENV = {"env": [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "mistral", "key": "api-key"}}}]}
IN_VOLUME = {"volumes": [{"name": "keys", "secret": {"secretName": "mistral"}}]}


# -- success


async def test_a_key_is_stored_then_the_pods_start_with_it_and_the_old_one_stays(keys: Keyed) -> None:
    plan = await keys.plan()
    assert keys.values == {"api-key": KEY, "other": OTHER}
    assert (plan.variable, plan.before, plan.after) == ("secret mistral/api-key", OLD_NAME, NEW_NAME)
    result = await keys.apply(plan)
    assert result == {"stored": NEW_NAME, "restarted": True}
    assert keys.values == {"api-key": NEW, "api-key.previous": KEY, "other": OTHER}
    await rolled_out(keys, plan)
    assert pod_keys(keys) == {NEW}
    assert await settle(keys.cluster, intent(plan), keys.ring.beside()) == "applied"
    assert keys.ring.asked_with == [Secret(NEW).fingerprint]


async def test_the_undo_puts_the_old_key_back_and_keeps_the_new_one(keys: Keyed) -> None:
    plan = await keys.plan()
    await keys.apply(plan)
    await rolled_out(keys, plan)
    undo = await keys.undo(plan)
    assert (undo.before, undo.after, undo.undoes) == (NEW_NAME, OLD_NAME, "e1")
    await keys.apply(undo)
    await rolled_out(keys, undo)
    assert keys.values == {"api-key": KEY, "api-key.previous": NEW, "other": OTHER}
    assert pod_keys(keys) == {KEY}
    assert await settle(keys.cluster, intent(undo), keys.ring.beside()) == "applied"


async def test_what_is_planned_shown_and_kept_holds_fingerprints_alone(keys: Keyed) -> None:
    plan = await keys.plan()
    shown = repr(plan) + json.dumps([plan.patch, dict(plan.mark), plan.diff, plan.notes])
    assert clean_of_keys(shown, plan.apply_by_hand, plan.undo_by_hand)
    assert OLD_NAME in shown
    assert NEW_NAME in shown


async def test_the_commands_by_hand_read_the_key_from_standard_input(keys: Keyed) -> None:
    plan = await keys.plan()
    assert plan.apply_by_hand.startswith("jq -Rs ")
    assert "--patch-file /dev/stdin && kubectl" in plan.apply_by_hand
    assert plan.apply_by_hand.endswith("rollout restart deployment/mistral-service")
    assert "api-key" in plan.undo_by_hand
    assert ".previous" in plan.undo_by_hand


async def test_the_preview_says_that_the_old_key_stays_in_the_same_secret(keys: Keyed) -> None:
    told = "\n".join((await keys.plan()).notes)
    assert f"{OLD_NAME} is kept in the same Secret as api-key.previous, written by the same patch" in told


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (PodsSay(3, 0), "no 401 in the logs of 3 pods since"),
        (PodsSay(3, 2), "since the rollout 2 lines tell of a 401"),
        (None, "the pods' logs could not be read"),
    ],
    ids=["authenticate", "refused", "unreadable"],
)
async def test_the_verdict_says_whether_the_pods_authenticate(
    keys: Keyed, found: PodsSay | None, said: str
) -> None:
    keys.ring.logs = found
    kind = kind_named("rotate-key", keys.ring.beside())
    assert isinstance(kind, Proves)
    verdict = await kind.proven(keys.cluster, Verdict(VerdictKind.EFFECTIVE, "effective: 2/s → 0/s"), START)
    assert (verdict.kind is VerdictKind.INEFFECTIVE) is (found == PodsSay(3, 2))
    assert said in verdict.summary


# -- who reads it, and how


async def test_pods_that_mount_it_are_not_restarted(keys: Keyed) -> None:
    mount = {"volumeMounts": [{"name": "keys", "mountPath": "/keys"}]}
    keys.world.sim.edit(template_of(mount, IN_VOLUME), manager="kubectl")
    pods_read_from(keys, {"container": mount, **IN_VOLUME})
    keys.ring.make = named_store
    plan = await keys.plan()
    assert plan.patch == []
    assert plan.touches.startswith("no pod is restarted")
    generation = keys.world.sim.deployment["metadata"]["generation"]
    assert await keys.apply(plan) == {"stored": NEW_NAME, "restarted": False}
    assert keys.world.sim.deployment["metadata"]["generation"] == generation
    assert await settle(keys.cluster, intent(plan), keys.ring.beside()) == "applied"


async def test_a_file_under_a_sub_path_needs_the_restart(keys: Keyed) -> None:
    mount = {"volumeMounts": [{"name": "keys", "mountPath": "/key", "subPath": "api-key"}]}
    pods_read_from(keys, {"container": mount, **IN_VOLUME})
    keys.ring.make = named_store
    assert (await keys.plan()).patch


async def named_store(cluster: Cluster) -> KeyStore:
    from tui.clients.secrets.kubernetes import KubernetesStore

    return await KubernetesStore.of_deployment(cluster, "mistral", "api-key")


def template_of(container: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    containers = [{"name": "mistral-service", **container}]
    return {"spec": {"template": {"spec": {"containers": containers, **spec}}}}


async def test_pods_that_take_all_of_it_are_told_of_the_second_name(keys: Keyed) -> None:
    pods_read_from(keys, {"container": {"envFrom": [{"secretRef": {"name": "mistral"}}]}})
    keys.ring.make = named_store
    plan = await keys.plan()
    assert plan.patch
    assert any("api-key.previous shows there, too" in note for note in plan.notes)


async def test_every_workload_that_uses_the_secret_is_listed(keys: Keyed) -> None:
    pod = {"template": {"spec": {"containers": [{"name": "c", **FROM_ENV}]}}}
    selector = {"selector": {"matchLabels": {"a": "b"}}}
    workload(keys, STATEFUL_SETS, "batch", {**selector, **pod})
    workload(keys, CRON_JOBS, "nightly", {"schedule": "@daily", "jobTemplate": {"spec": pod}})
    notes = (await keys.plan()).notes
    users = [note for note in notes if note.startswith("used by ")]
    assert users == [
        "used by Deployment mistral-service (MISTRAL_API_KEY in its environment): restarted",
        "used by StatefulSet batch (K in its environment): NOT restarted: restart it by hand",
        "used by CronJob nightly (K in its environment): its next run has the new key",
    ]


async def test_workloads_that_may_not_be_listed_are_said_to_be_unknown(keys: Keyed) -> None:
    keys.world.sim.faults.forbid = frozenset({("list", "statefulsets"), ("list", "cronjobs")})
    told = "\n".join((await keys.plan()).notes)
    assert "you may not list statefulsets, cronjobs: whether they use the Secret is not known" in told


# -- the test of the key


@pytest.mark.parametrize("works", [False, None])
async def test_a_key_that_failed_its_test_is_not_stored_unless_in_words(
    keys: Keyed, works: bool | None
) -> None:
    failed = Offer(Secret(NEW), a_test(Secret(NEW), works))
    error = await refused(keys.plan(offer=failed))
    assert "It is not stored: nothing was changed" in error.said
    plan = await keys.plan(offer=Offer(Secret(NEW), a_test(Secret(NEW), works), "the API is down"))
    assert plan.mark["overruled"] == "the API is down"
    assert "stored in spite of its test: the API is down" in plan.notes


async def test_without_a_new_key_there_is_nothing_to_plan(keys: Keyed) -> None:
    error = await refused(keys.plan(offer=None))
    assert error.said == "There is no new key to store; nothing was changed."


async def test_the_key_that_is_there_already_is_not_stored_again(keys: Keyed) -> None:
    error = await refused(keys.plan(KEY))
    assert error.said == f"Kubernetes Secret mistral/api-key has {OLD_NAME} already; nothing was changed."


async def test_a_plan_whose_key_is_forgotten_changes_nothing(keys: Keyed) -> None:
    plan = await keys.plan()
    keys.ring.plans.clear()
    assert "in memory no longer; nothing was changed" in (await refused(keys.apply(plan))).said
    assert keys.values["api-key"] == KEY


# -- refusals


@pytest.mark.parametrize("verb", ["get", "patch"])
async def test_the_permission_that_is_missing_is_named_before_anything_is_sent(
    keys: Keyed, verb: str
) -> None:
    keys.world.sim.faults.forbid = frozenset({(verb, "secrets")})
    error = await refused(keys.plan())
    assert f"responder lacks what storing a key needs: secrets/mistral {verb} in namespace prod" in error.said
    assert error.remedy.startswith("Ask an administrator of ")
    assert keys.values["api-key"] == KEY


async def test_a_secret_that_is_not_there_is_told(keys: Keyed) -> None:
    async def elsewhere(cluster: Cluster) -> KeyStore:
        from tui.clients.secrets.kubernetes import KubernetesStore

        return await KubernetesStore.of_deployment(cluster, "mistral", "no-such-key")

    keys.ring.make = elsewhere
    assert "holds no key that is a text; nothing was changed" in (await refused(keys.plan())).said


async def test_an_immutable_secret_is_not_patched(keys: Keyed) -> None:
    keys.edit(lambda found: found.update(immutable=True))
    error = await refused(keys.plan())
    assert "it is immutable: make another Secret" in error.said


@pytest.mark.parametrize(
    ("metadata", "source"),
    [
        (
            {
                "ownerReferences": [
                    {
                        "apiVersion": "external-secrets.io/v1",
                        "kind": "ExternalSecret",
                        "name": "keys",
                        "uid": "u",
                    }
                ]
            },
            "ExternalSecret keys, which would overwrite it: change the store that it names",
        ),
        (
            {
                "ownerReferences": [
                    {"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "name": "keys"}
                ]
            },
            "SealedSecret keys, which would overwrite it: change the SealedSecret in git",
        ),
        ({"labels": {"secrets.hashicorp.com/vso-ownerRefUID": "u"}}, "the Vault operator, which would"),
        ({"annotations": {"reconcile.external-secrets.io/data-hash": "x"}}, "External Secrets, which would"),
    ],
    ids=["external", "sealed", "vault", "marked"],
)
async def test_a_secret_that_an_operator_makes_is_not_patched_and_its_source_is_named(
    keys: Keyed, metadata: dict[str, Any], source: str
) -> None:
    keys.edit(lambda found: found["metadata"].update(metadata))
    error = await refused(keys.plan())
    assert f"it is made by {source}" in error.said
    assert keys.values["api-key"] == KEY


async def test_a_copy_that_kubectl_apply_left_is_told(keys: Keyed) -> None:
    last = json.dumps({"data": {"api-key": encoded(KEY)}})
    note = {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": last}}
    keys.edit(lambda found: found["metadata"].update(note))
    plan = await keys.plan()
    assert any("last-applied-configuration" in note for note in plan.notes)
    assert clean_of_keys(repr(plan))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refusing(401, "Unauthorized", f"Unauthorized {KEY}"), "has expired or is not accepted"),
        (
            refusing(403, "Forbidden", 'User "responder" cannot patch resource "secrets"'),
            "responder may not patch secrets",
        ),
        (refusing(404, "NotFound", 'secrets "mistral" not found'), "There is no secret mistral"),
        (refusing(409, "Conflict", f"the object has been modified {OTHER}"), "Nothing was stored"),
        (INVALID, "refused to patch secret mistral in namespace prod of"),
        (IMMUTABLE, "refused to patch secret mistral in namespace prod of"),
        (refusing(429, "TooManyRequests", "slow down"), "is too busy to patch secret mistral"),
    ],
    ids=["401", "403", "404", "409", "422 that echoes", "immutable", "429"],
)
async def test_each_refusal_of_the_write_is_told_without_its_words_and_changes_nothing(
    keys: Keyed, answer: Any, said: str
) -> None:
    plan = await keys.plan()
    keys.once("PATCH", "/secrets/", answer)
    error = await refused(keys.apply(plan))
    assert said in error.said
    assert error.outcome == "refused"
    assert keys.values["api-key"] == KEY
    assert "restartedAt" not in json.dumps(keys.world.sim.deployment["spec"])
    assert keys.ring.asked_with == []
    assert await settle(keys.cluster, intent(plan), keys.ring.beside()) == "not applied"


# -- drift


async def test_another_key_since_the_preview_is_told_and_nothing_is_stored(keys: Keyed) -> None:
    plan = await keys.plan()
    third = "third0123456789ThirdKeyOfAnother"
    keys.edit(lambda found: found["data"].update({"api-key": encoded(third)}))
    error = await refused(keys.apply(plan))
    live = named(Secret(third).fingerprint)
    assert error.said == (
        f"Nothing was stored: Kubernetes Secret mistral/api-key has {live} now, no longer {OLD_NAME}."
    )
    assert keys.values["api-key"] == third
    assert await settle(keys.cluster, intent(plan), keys.ring.beside()) == "overwritten"


async def test_another_change_of_the_secret_is_told_too(keys: Keyed) -> None:
    plan = await keys.plan()
    keys.edit(lambda found: found["data"].update({"other": encoded("changed-meanwhile")}))
    assert f"its key is still {OLD_NAME}" in (await refused(keys.apply(plan))).said
    assert keys.values == {"api-key": KEY, "other": "changed-meanwhile"}


async def test_a_deployment_that_somebody_changed_since_leaves_the_secret_as_it_was(keys: Keyed) -> None:
    plan = await keys.plan()
    keys.world.sim.edit({"spec": {"replicas": 4}}, manager="kubectl-scale")
    error = await refused(keys.apply(plan))
    assert error.said.startswith("Nothing was applied: somebody changed the deployment since the preview")
    assert keys.values["api-key"] == KEY


async def test_of_four_consoles_exactly_one_stores_its_key(keys: Keyed) -> None:
    typed = [f"{n}candidateKey0123456789zyxwvuts" for n in range(4)]
    plans = [await keys.plan(key) for key in typed]
    outcomes = await asyncio.gather(*(keys.apply(plan) for plan in plans), return_exceptions=True)
    won = [plan.after for plan, outcome in zip(plans, outcomes, strict=True) if isinstance(outcome, dict)]
    assert won == [named(Secret(keys.values["api-key"]).fingerprint)]
    assert keys.values["api-key.previous"] == KEY
    assert all(isinstance(outcome, dict | Refused) for outcome in outcomes)


# -- answers that are lost, and a stop at each step


async def test_a_lost_answer_is_settled_by_the_fingerprint(keys: Keyed) -> None:
    plan = await keys.plan()
    keys.once("PATCH", "/secrets/", lost_after)
    assert await keys.apply(plan) == {"stored": NEW_NAME, "restarted": True}
    assert keys.values["api-key"] == NEW


async def test_a_request_that_did_not_arrive_is_told_and_not_sent_again(keys: Keyed) -> None:
    plan = await keys.plan()
    keys.once("PATCH", "/secrets/", lost_before)
    error = await refused(keys.apply(plan))
    assert (
        f"The new key did not arrive: Kubernetes Secret mistral/api-key still has {OLD_NAME}." in error.said
    )
    assert keys.values["api-key"] == KEY


async def test_a_store_that_cannot_be_read_either_leaves_the_outcome_unknown(keys: Keyed) -> None:
    plan = await keys.plan()

    async def then_nothing(request: Any, real: Any) -> Any:
        keys.world.sim.faults.fail_status = 503
        return await lost_after(request, real)

    keys.once("PATCH", "/secrets/", then_nothing)
    error = await refused(keys.apply(plan))
    assert error.outcome == "unknown"
    assert "is not known: the store cannot be read" in error.said
    assert await settle(keys.cluster, intent(plan), keys.ring.beside()) == "unknown"
    keys.world.sim.faults.fail_status = 0
    assert await settle(keys.cluster, intent(plan), keys.ring.beside()) == "stored"


async def test_a_restart_that_is_refused_leaves_the_key_stored_and_says_what_to_do(keys: Keyed) -> None:
    plan = await keys.plan()
    forbidden = refusing(403, "Forbidden", 'User "responder" cannot patch resource "deployments"')
    keys.once("PATCH", "/deployments/", forbidden)
    error = await refused(keys.apply(plan))
    assert (error.outcome, error.changed) == ("stored", True)
    assert error.said.startswith(f"{NEW_NAME} is stored, and the pods were not restarted: ")
    assert f"They run with {OLD_NAME} on." in error.said
    assert "Restart the pods (m)" in error.remedy
    assert keys.values == {"api-key": NEW, "api-key.previous": KEY, "other": OTHER}
    assert keys.ring.asked_with == [Secret(NEW).fingerprint]
    assert await settle(keys.cluster, intent(plan), keys.ring.beside()) == "stored"
    undo = await keys.undo(plan)
    await keys.apply(undo)
    assert keys.values["api-key"] == KEY


async def test_a_restart_whose_answer_is_lost_is_settled_by_looking(keys: Keyed) -> None:
    plan = await keys.plan()
    keys.once("PATCH", "/deployments/", lost_after)
    assert await keys.apply(plan) == {"stored": NEW_NAME, "restarted": True}
    plan_back = await keys.undo(plan)
    keys.once("PATCH", "/deployments/", lost_before)
    error = await refused(keys.apply(plan_back))
    assert error.outcome == "stored"


@pytest.mark.parametrize(
    ("method", "part", "answer", "outcome"),
    [
        ("PATCH", "/secrets/", lost_before, "not applied"),
        ("PATCH", "/secrets/", lost_after, "stored"),
        ("PATCH", "/deployments/", lost_before, "stored"),
        ("PATCH", "/deployments/", lost_after, "applied"),
    ],
    ids=["before the write", "between write and answer", "between store and restart", "after the restart"],
)
async def test_a_console_that_is_killed_there_is_told_truly_what_became_of_it(
    keys: Keyed, method: str, part: str, answer: Any, outcome: str
) -> None:
    plan = await keys.plan()

    class Killed(BaseException):
        pass

    class Dying(NoWait):
        async def sleep(self, seconds: float) -> None:
            raise Killed

    keys.clock = Dying()
    keys.once(method, part, answer)
    with pytest.raises(Killed):
        await keys.apply(plan)
    assert await settle(keys.cluster, intent(plan), keys.ring.beside()) == outcome


# -- undo


async def test_a_dead_old_key_is_not_put_back(keys: Keyed) -> None:
    plan = await keys.plan()
    await keys.apply(plan)
    keys.ring.dead.add(KEY)
    error = await refused(keys.undo(plan))
    assert "would leave production without a working key; nothing was undone" in error.said
    assert keys.values["api-key"] == NEW


async def test_a_key_that_somebody_else_stored_is_not_undone(keys: Keyed) -> None:
    plan = await keys.plan()
    await keys.apply(plan)
    keys.edit(lambda found: found["data"].update({"api-key": encoded("another0123456789KeyAltogether!!")}))
    assert (
        f"no longer the {NEW_NAME} that we stored; nothing was undone"
        in (await refused(keys.undo(plan))).said
    )


async def test_without_the_key_before_there_is_no_way_back(keys: Keyed) -> None:
    plan = await keys.plan()
    await keys.apply(plan)
    keys.edit(lambda found: found["data"].pop("api-key.previous"))
    error = await refused(keys.undo(plan))
    assert f"no longer has {OLD_NAME}: it keeps no key beside. Nothing was undone." in error.said


# -- another store


class Away:
    """A store in a cloud: an operator brings what it has into the cluster, in its own time."""

    kind = "aws"
    name = "AWS Secrets Manager prod/mistral"
    keeps_previous = "as the version AWSPREVIOUS"
    whom = "the owner of the account"

    def __init__(self, keys: Keyed, synced: bool = True) -> None:
        self.keys, self.synced = keys, synced
        self.versions = [KEY]
        self.failing: StoreError | None = None

    async def read(self) -> Stored:
        return Stored(Secret(self.versions[-1]), str(len(self.versions)))

    async def write(self, key: Secret, *, after: str, token: str) -> str:
        if self.failing is not None:
            raise self.failing
        self.versions.append(key.reveal())
        if self.synced:
            self.keys.edit(lambda found: found["data"].update({"api-key": encoded(key.reveal())}), "external")
        return str(len(self.versions))

    async def previous(self) -> Stored | None:
        return Stored(Secret(self.versions[-2]), "1") if len(self.versions) > 1 else None

    async def permissions(self) -> tuple[str, ...]:
        return ()

    async def obstacles(self) -> tuple[str, ...]:
        return ()

    async def notes(self) -> tuple[str, ...]:
        return ()

    def by_hand(self) -> str:
        return "aws secretsmanager put-secret-value --secret-string file:///dev/stdin"

    def back_by_hand(self) -> str:
        return "aws secretsmanager update-secret-version-stage"

    async def close(self) -> None:
        """Nothing is open."""


def away(keys: Keyed, **how: Any) -> Away:
    made = Away(keys, **how)

    async def store(_cluster: Cluster) -> KeyStore:
        return made

    keys.ring.make = store
    return made


async def test_pods_are_restarted_once_an_operator_brought_the_key(keys: Keyed) -> None:
    store = away(keys)
    plan = await keys.plan()
    assert plan.variable == "secret AWS Secrets Manager prod/mistral"
    assert await keys.apply(plan) == {"stored": NEW_NAME, "restarted": True}
    assert store.versions == [KEY, NEW]
    await rolled_out(keys, plan)
    assert pod_keys(keys) == {NEW}


async def test_pods_are_not_restarted_onto_the_old_key(keys: Keyed) -> None:
    away(keys, synced=False)
    plan = await keys.plan()
    error = await refused(keys.apply(plan))
    assert error.outcome == "stored"
    assert "the Secret mistral that they read does not have it yet" in error.said
    assert pod_keys(keys) == {KEY}


async def test_a_store_that_refuses_changes_nothing(keys: Keyed) -> None:
    away(keys).failing = StoreError("You may not write it.", "Ask for secretsmanager:PutSecretValue.")
    plan = await keys.plan()
    assert (await refused(keys.apply(plan))).said == "You may not write it."


@pytest.mark.real
async def test_the_commands_by_hand_do_the_same_in_a_shell(keys: Keyed, tmp_path: Path) -> None:
    bash, *_ = [require(name) for name in ("bash", "jq", "kubectl")]
    plan = await keys.plan()

    async def run(command: str, typed: str) -> None:
        stored = f"export HOME={tmp_path}; set -o pipefail; {command.partition(' && ')[0]}"
        process = await asyncio.create_subprocess_exec(
            bash, "-c", stored, stdin=PIPE, stdout=PIPE, stderr=STDOUT
        )
        said, _ = await process.communicate(typed.encode())
        assert process.returncode == 0, said
        assert clean_of_keys(said.decode())

    await run(plan.apply_by_hand, f"{NEW}\n")
    assert keys.values == {"api-key": NEW, "api-key.previous": KEY, "other": OTHER}
    await run(plan.undo_by_hand, "")
    assert keys.values["api-key"] == KEY
