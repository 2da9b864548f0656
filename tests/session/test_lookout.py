"""What a session watches beside the checks, in simulated worlds: recovery, logs, limits, the way out."""

from dataclasses import replace
from pathlib import Path
from random import Random

import msgspec

from tests.support.drills import ENVIRON, drill, session_on, settings_for, until
from tui.clients.cluster import ClusterDoor
from tui.drill.scenarios import SCENARIOS
from tui.model.change import Change
from tui.model.clock import SystemClock
from tui.model.incident import Kind
from tui.model.log_shapes import LogShapes
from tui.model.network_policy import Egress, EgressView
from tui.model.reading import Allowance, Check
from tui.probes.egress import Way
from tui.session.session import Session
from tui.session.snapshot import Snapshot
from tui.settings import Recovery


def diagnosed(snapshot: Snapshot) -> bool:
    return snapshot.diagnosis is not None and bool(snapshot.place.user) and len(snapshot.checks) == 7


def held(snapshot: Snapshot) -> bool:
    return any(lease.seen.mitigation == "enable-fallback" and lease.ours for lease in snapshot.leases)


async def test_recovery_is_announced_and_turning_the_fallback_off_proposed_and_not_performed(
    tmp_path: Path,
) -> None:
    async with drill("provider-outage", speed=30.0) as world:
        loaded = settings_for(world)
        settings = msgspec.structs.replace(loaded.settings, recovery=Recovery(completions=4, good=0.75))
        session = Session(
            replace(loaded, settings=settings),
            clock=SystemClock(),
            environ=ENVIRON,
            state_dir=tmp_path,
            rng=Random(7),
        )
        await session.start()
        try:
            seen = await until(session, lambda s: diagnosed(s) and s.recovery and s.recovery.asked >= 2)
            assert seen.diagnosis is not None
            assert seen.diagnosis.id == "provider-outage"
            assert seen.recovery is not None
            assert (seen.recovery.good, seen.recovery.since) == (0, None)
            assert "page-support" in {action.id for action in seen.actions}
            draft = "\n".join(session.support_draft())
            assert "503" in draft
            assert "correlation id" in draft
            assert world.world.keys.ours not in draft
            assert session.arm(session.snapshot.arming.word)
            await session.approve(await session.preview("enable-fallback"))
            await until(session, held)
            world.world.provider.scenario = SCENARIOS["healthy"]
            back = await until(
                session,
                lambda s: s.recovery and s.recovery.since and s.actions and not s.running,
                seconds=25.0,
            )
            assert back.actions[0].id == "disable-fallback"
            assert held(back)
            entries = [entry for entry in back.entries if entry.kind == Kind.RECOVERY]
            assert [entry.data["event"] for entry in entries] == ["recovered"]
            assert not [e for e in back.entries if "disable-fallback" in str(e.data.get("mitigation"))]
        finally:
            await session.stop()


async def test_our_own_fault_is_told_by_shapes_and_by_the_last_change(tmp_path: Path) -> None:
    async with drill("app-fault") as world, session_on(world, tmp_path) as session:
        seen = await until(session, lambda s: diagnosed(s) and any("Errors began" in e for e in s.evidence))
        pods = seen.checks[Check.WORKLOAD].latest
        (shapes,) = pods.of(LogShapes)
        assert any(shape.shape == "KeyError: <text>" for shape in shapes.shapes)
        (change,) = pods.of(Change)
        assert (change.revision, change.previous, change.cause) == ("2", "1", "release 2.4.0")
        assert {d.what for d in change.differences} == {"image", "APP_VERSION"}
        said = next(e for e in seen.evidence if "Errors began" in e)
        assert said.endswith("after revision 2 (release 2.4.0).") or "together with" in said
        assert "page-logs" in {action.id for action in seen.actions}
        assert seen.recovery is None


async def test_the_way_out_and_the_limits_are_read_in_a_simulated_world(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        seen = await until(session, diagnosed)
        (view,) = seen.checks[Check.WORKLOAD].latest.of(EgressView)
        # The simulated API is on loopback, which no policy speaks of.
        assert view.verdict is Egress.UNKNOWN
        assert view.isolating == ("default-deny-egress", "mistral-service-egress")
        assert [ruling.allowed for ruling in view.names] == [True, True]
        told = {(a.what, a.window): a.limit for a in seen.checks[Check.MISTRAL_API].latest.of(Allowance)}
        assert told["requests", "minute"] == 600
        assert ("tokens", "month") in told
        look = await session.look_at_network()
        assert look.host == "127.0.0.1"
        assert look.system is not None
        assert look.certificate is None


async def test_the_simulated_cluster_s_policies_let_the_pods_reach_https_and_nothing_else() -> None:
    async with drill("healthy") as world:
        door = ClusterDoor(settings_for(world).settings.kubernetes)
        try:
            cluster = await door.open()
            deployment, pods = await cluster.deployment(), await cluster.pods()

            async def look(url: str) -> EgressView:
                return await Way(url, SystemClock()).look(cluster, deployment, "mistral-service", pods)

            https, other = await look("https://203.0.113.7"), await look("http://203.0.113.7")
            metadata = await look("https://169.254.169.254")
        finally:
            await door.close()
    assert https.verdict is Egress.ALLOWED
    assert https.rulings[0].rule == (
        "egress[1]: to 0.0.0.0/0 but 169.254.169.254/32, TCP 443, TCP 1024-65535"
    )
    assert (other.verdict, metadata.verdict) == (Egress.DENIED, Egress.DENIED)
    assert other.rulings[0].policy == "default-deny-egress, mistral-service-egress"
    assert https.unknowns == ()


async def test_a_name_that_does_not_resolve_is_not_blamed_on_the_policies(tmp_path: Path) -> None:
    async with drill("dns-failure") as world, session_on(world, tmp_path) as session:
        seen = await until(session, diagnosed)
        assert seen.diagnosis is not None
        assert seen.diagnosis.id == "network"
        assert seen.checks[Check.WORKLOAD].latest.facts["egress"] == "unknown"
        assert not [line for line in seen.evidence if "NetworkPolicies" in line]
        look = await session.look_at_network()
        assert look.system is not None
        assert "does not exist" in look.system.error or "no name server" in look.system.error
