"""Testing everything that the console will rely on, before it has to."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tui.model import deployment as workload
from tui.model.clock import Clock
from tui.model.facts import TITLES
from tui.model.finding import Finding
from tui.model.reading import Reading, State
from tui.model.redaction import Redactor
from tui.model.runbook import Command, EnvChange, Link, MitigationRule, Query, RotateKey
from tui.session import doctor_keys
from tui.session.connections import Connections, connect
from tui.session.doctor_sharing import sharing
from tui.session.doctor_updates import updates
from tui.settings import Loaded, Settings, config_file

if TYPE_CHECKING:
    from tui.clients.cluster import Cluster

WINDOW = timedelta(minutes=5)
LINK_DEADLINE = 5.0

# verb, group, resource, subresource, and what is lost without it.
PERMISSIONS = (
    ("get", "apps", "deployments", "", "the workload and every mitigation"),
    ("watch", "apps", "deployments", "", "following a rollout at once; it is polled instead"),
    ("patch", "apps", "deployments", "", "every mitigation"),
    ("list", "apps", "replicasets", "", "rolling back, and how long a rollout takes"),
    ("list", "", "pods", "", "the pods' state"),
    ("get", "", "pods", "log", "counting errors while Prometheus is away"),
    ("list", "", "events", "", "the reasons of a stalled rollout"),
    ("list", "autoscaling", "horizontalpodautoscalers", "", "reckoning with an autoscaler"),
    ("list", "networking.k8s.io", "networkpolicies", "", "telling what the pods may reach"),
)
NEEDED = frozenset({("get", "deployments"), ("patch", "deployments")})


async def examine(
    loaded: Loaded, clock: Clock, environ: Mapping[str, str], state_dir: Path
) -> tuple[Finding, ...]:
    """Test each setting, target, permission, query and link. Raises RunbookError."""
    made = await connect(loaded, clock, environ, Redactor(()))
    try:
        groups = await asyncio.gather(
            _checks(made, clock),
            _cluster(made, loaded.settings),
            _queries(made),
            _links(made, loaded),
            updates(made.targets, made.redact),
            sharing(loaded.settings, made.redact),
        )
    finally:
        await made.close()
    return (
        _settings(loaded, environ),
        *(
            Finding("secrets", State.FAIL, complaint, "Mend the source in the settings.")
            for complaint in made.complaints
        ),
        _state(state_dir),
        Finding("runbook", State.OK, _counts(made)),
        *_programs(made.runbook.mitigations.values()),
        *(finding for group in groups for finding in group),
    )


def _settings(loaded: Loaded, environ: Mapping[str, str]) -> Finding:
    if loaded.file is None and not loaded.from_environment:
        remedy = f"Write one to {config_file(environ)}, or set LEEWARD_… variables."
        return Finding("settings", State.UNSET, "no settings file; defaults are used", remedy)
    parts = [str(loaded.file)] if loaded.file else []
    parts += [f"{len(loaded.from_environment)} from the environment"] if loaded.from_environment else []
    return Finding("settings", State.OK, ", ".join(parts))


def _state(state_dir: Path) -> Finding:
    """Whether incidents can be kept: the nearest folder that exists must be ours to write."""
    there = next(folder for folder in (state_dir, *state_dir.parents) if folder.exists())
    if os.access(there, os.W_OK | os.X_OK):
        return Finding("record", State.OK, f"incidents are kept in {state_dir}")
    remedy = f"Make {there} writable, or set XDG_STATE_HOME."
    return Finding("record", State.FAIL, f"{state_dir} cannot be written", remedy)


def _counts(made: Connections) -> str:
    book = made.runbook
    return (
        f"{book.title}: {len(book.questions)} questions, {len(book.diagnoses)} diagnoses, "
        f"{len(book.mitigations)} mitigations"
    )


def _programs(rules: Iterable[MitigationRule]) -> tuple[Finding, ...]:
    """Whether each program that a mitigation runs, or is judged by, can be run here."""
    named: dict[str, str] = {}
    for rule in rules:
        change, proof = rule.change, rule.judged.proof
        argvs = [change.argv, change.undo] if isinstance(change, Command) else []
        for argv in (*argvs, proof.argv if proof else ()):
            if argv:
                named.setdefault(argv[0], rule.id)
    return tuple(_program(name, rule) for name, rule in named.items())


def _program(name: str, rule: str) -> Finding:
    path = shutil.which(name)
    if path is not None:
        return Finding(f"program: {name}", State.OK, f"{path}, for {rule}")
    remedy = "Install it, or give its absolute path in the runbook."
    return Finding(f"program: {name}", State.FAIL, f"cannot be run here; {rule} needs it", remedy)


async def _checks(made: Connections, clock: Clock) -> tuple[Finding, ...]:
    from tui.probes import once

    readings = await once(made.probes, clock)
    return tuple(_reading(reading) for reading in readings.values())


def _reading(reading: Reading) -> Finding:
    """Whether a check answers. What it says of the world is triage's to judge, unless it fails."""
    name = f"check: {TITLES[reading.check]}"
    if reading.state is State.FAIL:
        return Finding(name, State.FAIL, reading.summary, reading.remedy or "leeward triage says what it is.")
    if reading.known:
        return Finding(name, State.OK, f"answers: {reading.summary}")
    return Finding(name, reading.state, reading.summary, reading.remedy)


async def _cluster(made: Connections, settings: Settings) -> tuple[Finding, ...]:
    if made.door is None:
        return (Finding("cluster", State.UNSET, "no deployment is set", "Set kubernetes.deployment."),)
    from tui.clients.cluster import ClusterError, Reason

    try:
        cluster = await made.door.open()
        user = await cluster.whoami()
    except ClusterError as error:
        away = error.reason in (Reason.UNREACHABLE, Reason.TIMEOUT)
        return (Finding("cluster", State.UNKNOWN if away else State.FAIL, error.said, error.remedy),)
    found = Finding("cluster", State.OK, f"{cluster.context} / {cluster.namespace}, as {user}")
    permissions = [_permission(cluster, *asked) for asked in PERMISSIONS]
    rules = made.runbook.mitigations.values()
    variables = _deployment(cluster, rules, settings.key_store.kind == "kubernetes")
    told = await _together([*permissions, variables, _key_store(cluster, rules, settings)])
    return (found, *(finding for group in told for finding in group))


async def _key_store(
    cluster: "Cluster", rules: Iterable[MitigationRule], settings: Settings
) -> tuple[Finding, ...]:
    """Whether a new key could be stored, where the runbook has a mitigation that does."""
    if not any(isinstance(rule.change, RotateKey) for rule in rules):
        return ()
    return (await doctor_keys.look(settings, cluster),)


async def _permission(
    cluster: "Cluster", verb: str, group: str, resource: str, subresource: str, lost: str, named: str = ""
) -> tuple[Finding, ...]:
    from tui.clients.cluster import ClusterError

    what = f"{verb} {resource}{f'/{subresource}' if subresource else ''}{f' {named}' if named else ''}"
    name = f"permission: {what}"
    try:
        allowed = await cluster.may(verb, group, resource, named, subresource)
    except ClusterError as error:
        return (Finding(name, State.UNKNOWN, error.said, error.remedy),)
    if allowed:
        return (Finding(name, State.OK, "granted"),)
    state = State.FAIL if (verb, resource) in NEEDED else State.WARN
    remedy = f"Ask who administers {cluster.context} for {what} in {cluster.namespace}, for {cluster.user}."
    return (Finding(name, state, f"missing; without it: {lost}", remedy),)


async def _deployment(
    cluster: "Cluster", rules: Iterable[MitigationRule], stores: bool
) -> tuple[Finding, ...]:
    """Whether each variable that a mitigation sets can be set, and the pods' keys be compared.

    `stores` says that a new key is stored in their Secret, too.
    """
    from tui.clients.cluster import ClusterError

    try:
        deployment = await cluster.deployment()
    except ClusterError as error:
        return (Finding("target", State.FAIL, error.said, error.remedy),)
    from tui.model.key_use import secret_of

    container = cluster.container or _only_container(deployment)
    if container is None:
        return (
            Finding(
                "target",
                State.FAIL,
                f"deployment {cluster.deployment_name} has several containers",
                "Set kubernetes.container to the one that calls Mistral.",
            ),
        )
    lost = "comparing the pods' key with the key here"
    key = secret_of(deployment, container)
    secret = await _permission(cluster, "get", "", "secrets", "", lost, key[0]) if key else ()
    if key and stores and any(isinstance(rule.change, RotateKey) for rule in rules):
        lost = "storing a new key in it"
        secret += await _permission(cluster, "patch", "", "secrets", "", lost, key[0])
    variables = dict.fromkeys(
        name for rule in rules if isinstance(rule.change, EnvChange) for name, _ in rule.change.values
    )
    return (
        *secret,
        *(_variable(deployment, container, variable) for variable in variables),
    )


def _only_container(deployment: Mapping[str, object]) -> str | None:
    names = [str(container.get("name")) for container in workload.containers(deployment)]
    return names[0] if len(names) == 1 else None


def _variable(deployment: Mapping[str, object], container: str, variable: str) -> Finding:
    live = workload.live_value(deployment, container, variable)
    if live is not None:
        return Finding(f"target: {variable}", State.OK, f"{live} today")
    return Finding(
        f"target: {variable}",
        State.WARN,
        "not set today; a mitigation would add it",
        f"Make sure that the app reads {variable}.",
    )


async def _queries(made: Connections) -> tuple[Finding, ...]:
    prometheus = made.prometheus
    if prometheus is None:
        return (Finding("queries", State.UNSET, "no Prometheus is set", "Set prometheus.url."),)
    from tui.clients.prometheus import PrometheusError

    async def ask(query: Query) -> tuple[Finding, ...]:
        name = f"query: {query.id}"
        try:
            answer = await prometheus.query(query.over(WINDOW))
        except PrometheusError as error:
            bad = error.outcome in ("bad_query", "forbidden")
            return (Finding(name, State.FAIL if bad else State.UNKNOWN, error.said, error.remedy),)
        if answer.warnings:
            return (Finding(name, State.WARN, f"answered in part: {answer.warnings[0]}"),)
        if not answer.vector:
            remedy = f"See whether the service exports what it asks for: {query.promql}"
            return (Finding(name, State.WARN, "no data", remedy),)
        return (Finding(name, State.OK, f"{len(answer.vector)} series"),)

    told = await _together([ask(query) for query in made.runbook.queries.values()])
    return tuple(finding for group in told for finding in group)


async def _links(made: Connections, loaded: Loaded) -> tuple[Finding, ...]:
    links = made.runbook.links.values()
    if loaded.settings.drill:
        return (Finding("links", State.UNSET, f"{len(links)} links, not opened in a drill"),)
    told = await _together([open_link(link) for link in links])
    return tuple(finding for group in told for finding in group)


async def open_link(link: Link) -> tuple[Finding, ...]:
    """Whether a page that the runbook points to is there; one that asks for a login is."""
    from tui.clients.http import ask
    from tui.clients.unanswered import Unanswered

    name = f"link: {link.id}"
    try:
        answer = await ask("GET", link.url, deadline=LINK_DEADLINE, limit=1 << 16)
    except Unanswered as error:
        return (Finding(name, State.UNKNOWN, error.text, f"Open {link.url} in a browser."),)
    if answer.status in (404, 410):
        return (Finding(name, State.FAIL, f"{answer.status}: gone", f"Mend {link.url} in the runbook."),)
    return (Finding(name, State.OK, f"{answer.status}"),)


async def _together(
    work: Iterable[Awaitable[tuple[Finding, ...]]],
) -> tuple[tuple[Finding, ...], ...]:
    return tuple(await asyncio.gather(*work))
