"""What holds for every store outside the cluster, through its own library, against its own API."""

import asyncio
import importlib
import logging
import sys
import threading
import traceback
from collections.abc import Iterator

import msgspec
import pytest

from tests.clients.secrets.benches import NEW, OLD, OTHER, THEIRS, Bench
from tests.support.between import CUT, HANG, LOSE, Between
from tests.support.vault_server import TOKEN
from tui.clients.cluster import Cluster
from tui.clients.secrets import StoreError, calling, open_store
from tui.clients.secrets.cloud import opened
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.settings import KeyStore as Named
from tui.settings import Settings

Each = tuple[Bench, Between]
KEYS = (OLD, NEW, THEIRS, OTHER)
LIBRARIES = {"aws": "boto3", "gcp": "google.cloud.secretmanager_v1", "vault": "hvac"}


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and all that hangs on it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def tells_nothing(error: StoreError, caplog: pytest.LogCaptureFixture) -> None:
    """No key in the error, in what hangs on it, in the variables of our frames, and in any log."""
    told = [repr(caplog.record_tuples), *(repr(vars(record)) for record in caplog.records)]
    for one in chain(error):
        assert isinstance(one, (StoreError, TimeoutError)), f"{type(one)} goes with it"
        told += [repr(one), str(one), repr(vars(one))]
        frames = traceback.TracebackException.from_exception(one, capture_locals=True).stack
        told += [repr(frame.locals) for frame in frames if "/tests/" not in frame.filename]
    for key in KEYS:
        assert not [text for text in told if key in text]


class TestReading:
    async def test_the_key_in_use_is_read_and_known_to_the_redactor(self, each: Each) -> None:
        bench, _ = each
        store = await bench.open()
        found = await store.read()
        assert found.secret == Secret(OLD)
        assert found.version
        assert bench.redact.text(f"it is {OLD}") == "it is ***"
        assert store.kind == bench.kind
        await store.close()

    async def test_one_that_replaced_nothing_has_no_key_before(self, each: Each) -> None:
        bench, _ = each
        assert await (await bench.open()).previous() is None

    async def test_a_version_without_a_key_is_no_key_before(self, each: Each) -> None:
        bench, _ = each
        bench.somebody_writes("   ")
        bench.somebody_writes(NEW)
        store = await bench.open()
        assert (await store.read()).secret == Secret(NEW)
        found = await store.previous()
        # AWS tells of the version before alone; the others are looked through.
        assert (found.secret if found else None) == (None if bench.kind == "aws" else Secret(OLD))

    async def test_a_line_break_behind_the_key_is_no_part_of_it(self, each: Each) -> None:
        bench, _ = each
        bench.somebody_writes(f"{THEIRS}\n")
        assert (await (await bench.open()).read()).secret == Secret(THEIRS)


class TestWriting:
    async def test_the_key_is_stored_and_the_one_before_kept(self, each: Each) -> None:
        bench, _ = each
        store = await bench.open()
        before = await store.read()
        version = await store.write(Secret(NEW), after=before.version, token="change-1")
        after = await store.read()
        assert (after.secret, after.version) == (Secret(NEW), version)
        assert version != before.version
        previous = await store.previous()
        assert previous is not None
        assert previous.secret == Secret(OLD)
        assert bench.values() == [OLD, NEW]

    async def test_the_way_back_is_a_write_of_the_key_before(self, each: Each) -> None:
        bench, _ = each
        store = await bench.open()
        version = await store.write(Secret(NEW), after=(await store.read()).version, token="change-1")
        previous = await store.previous()
        assert previous is not None
        await store.write(previous.secret, after=version, token="undo-1")
        assert (await store.read()).secret == Secret(OLD)

    async def test_a_version_that_came_between_stays_and_ours_is_refused(
        self, each: Each, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench, _ = each
        caplog.set_level(logging.DEBUG)
        store = await bench.open()
        before = await store.read()
        bench.somebody_writes(THEIRS)
        with pytest.raises(StoreError) as caught:
            await store.write(Secret(NEW), after=before.version, token="change-1")
        assert (caught.value.outcome, caught.value.sent) == ("conflict", False)
        assert "Somebody" in caught.value.said
        assert (await store.read()).secret == Secret(THEIRS)
        tells_nothing(caught.value, caplog)

    async def test_a_repeat_of_the_same_change_is_harmless(self, each: Each) -> None:
        bench, _ = each
        store = await bench.open()
        before = (await store.read()).version
        first = await store.write(Secret(NEW), after=before, token="change-1")
        assert await store.write(Secret(NEW), after=before, token="change-1") == first
        assert bench.values() == [OLD, NEW]

    async def test_a_lost_answer_is_unknown_and_settled_by_a_repeat(
        self, each: Each, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench, way = each
        caplog.set_level(logging.DEBUG)
        store = await bench.open()
        before = (await store.read()).version
        way.fault(bench.writes, LOSE)
        with pytest.raises(StoreError) as caught:
            await store.write(Secret(NEW), after=before, token="change-1")
        assert (caught.value.outcome, caught.value.sent) == ("unknown", True)
        assert "cannot be told" in caught.value.said
        tells_nothing(caught.value, caplog)
        assert bench.values() == [OLD, NEW]  # it did arrive, and once
        version = await store.write(Secret(NEW), after=before, token="change-1")
        assert bench.values() == [OLD, NEW]
        assert (await store.read()).version == version

    async def test_a_request_that_never_arrived_is_unknown_and_made_by_a_repeat(self, each: Each) -> None:
        bench, way = each
        store = await bench.open()
        before = (await store.read()).version
        way.fault(bench.writes, CUT)
        with pytest.raises(StoreError) as caught:
            await store.write(Secret(NEW), after=before, token="change-1")
        assert (caught.value.outcome, caught.value.sent) == ("unknown", True)
        assert (await store.read()).secret == Secret(OLD)
        await store.write(Secret(NEW), after=before, token="change-1")
        assert bench.values() == [OLD, NEW]

    async def test_nothing_is_sent_a_second_time_by_the_library(self, each: Each) -> None:
        bench, way = each
        store = await bench.open()
        before = (await store.read()).version
        for _ in range(3):
            way.fault(bench.writes, (503, b'{"errors": ["busy"]}', "application/json"))
        with pytest.raises(StoreError) as caught:
            await store.write(Secret(NEW), after=before, token="change-1")
        assert caught.value.outcome == ("refused" if bench.kind == "vault" else "unknown")
        assert len(way.faults) == 2
        way.faults.clear()
        for _ in range(3):
            way.fault(lambda *_: True, (503, b"{}", "application/json"))
        with pytest.raises(StoreError):
            await store.read()
        assert len(way.faults) == 2


class TestRefusals:
    async def test_a_missing_permission_is_named_with_whom_to_ask(
        self, each: Each, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench, way = each
        caplog.set_level(logging.DEBUG)
        store = await bench.open()
        before = await store.read()
        permission = bench.forbid(way)
        with pytest.raises(StoreError) as caught:
            await store.write(Secret(NEW), after=before.version, token="change-1")
        assert (caught.value.outcome, caught.value.sent) == ("refused", False)
        assert permission in caught.value.said
        assert caught.value.remedy == f"Ask {store.whom} for {permission}."
        assert await store.read() == before
        assert bench.values() == [OLD]
        tells_nothing(caught.value, caplog)

    @pytest.mark.parametrize("page", [b"<html>oldKEY0123456789abcdefABCDEF0001</html>", b"", b"{}", b"[1"])
    async def test_an_answer_that_is_none_of_the_store(
        self, each: Each, page: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench, way = each
        caplog.set_level(logging.DEBUG)
        store = await bench.open()
        way.fault(lambda *_: True, (200, page, "text/html"))
        with pytest.raises(StoreError) as caught:
            await store.read()
        assert caught.value.outcome == "refused"
        assert bench.kind in caught.value.said.lower() or "secret manager" in caught.value.said.lower()
        tells_nothing(caught.value, caplog)

    async def test_a_refusal_that_quotes_the_request_is_not_quoted(
        self, each: Each, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench, way = each
        caplog.set_level(logging.DEBUG)
        store = await bench.open()
        before = (await store.read()).version
        way.fault(
            bench.writes, (400, f'{{"errors": ["{NEW}"], "message": "{NEW}"}}'.encode(), "application/json")
        )
        with pytest.raises(StoreError) as caught:
            await store.write(Secret(NEW), after=before, token="change-1")
        assert caught.value.remedy
        tells_nothing(caught.value, caplog)

    async def test_nobody_listens(self, each: Each, unused_tcp_port: int) -> None:
        bench, _ = each
        field = {"aws": "endpoint_url", "gcp": "endpoint", "vault": "address"}[bench.kind]
        where = getattr(bench.named, bench.kind)
        moved = msgspec.structs.replace(where, **{field: f"http://127.0.0.1:{unused_tcp_port}"})
        bench.named = msgspec.structs.replace(bench.named, **{bench.kind: moved})
        with pytest.raises(StoreError, match="cannot be reached") as caught:
            await (await bench.open()).read()
        assert caught.value.remedy

    async def test_an_answer_that_does_not_come_is_a_timeout(
        self, each: Each, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench, way = each
        monkeypatch.setattr(importlib.import_module(f"tui.clients.secrets.{_of(bench)}"), "ANSWERS", 0.3)
        monkeypatch.setattr("tui.clients.secrets.gcp._ONCE", {"retry": None, "timeout": 0.3})
        store = await bench.open()
        way.fault(lambda *_: True, HANG)
        with pytest.raises(StoreError, match="did not answer in time"):
            await store.read()


def _of(bench: Bench) -> str:
    return "vault_client" if bench.kind == "vault" else bench.kind


class TestLeaving:
    async def test_whoever_leaves_waits_for_no_thread_and_no_write_begins_after(self, each: Each) -> None:
        bench, way = each
        store = await bench.open()
        before = (await store.read()).version
        way.fault(lambda request, _: not bench.writes(request, b""), HANG)
        task = asyncio.create_task(store.write(Secret(NEW), after=before, token="change-1"))
        await way.hanging.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        threads = [one for one in threading.enumerate() if one.name == "leeward-keys"]
        assert threads
        assert all(one.daemon for one in threads)
        way.release()
        for one in threads:
            await asyncio.to_thread(one.join)
        assert bench.values() == [OLD]
        assert not [seen for seen in way.seen if b"newKEY" in seen[2]]

    async def test_a_deadline_ends_the_waiting_and_what_was_not_begun_is_never_sent(self) -> None:
        release, began = threading.Event(), threading.Event()
        writes: list[str] = []

        def work(errand: calling.Errand) -> None:
            began.set()
            release.wait()
            errand.writes("a permission")
            writes.append("sent")

        caller = calling.Caller("A store", lambda error, errand: calling.Told("", ""), deadline=0.05)
        with pytest.raises(
            StoreError, match=r"A store did not answer within 0.05 s. Nothing was changed."
        ) as caught:
            await caller.run(work)
        assert not caught.value.sent
        release.set()
        for thread in threading.enumerate():
            if thread.name == "leeward-keys":
                await asyncio.to_thread(thread.join)
        assert writes == []

    async def test_a_deadline_after_the_write_began_is_unknown(self) -> None:
        release = threading.Event()

        def work(errand: calling.Errand) -> None:
            errand.writes("a permission")
            release.wait()

        caller = calling.Caller("A store", lambda error, errand: calling.Told("", ""), deadline=0.05)
        with pytest.raises(StoreError) as caught:
            await caller.run(work)
        assert (caught.value.outcome, caught.value.sent) == ("unknown", True)
        release.set()


class TestOpening:
    async def test_the_settings_choose_the_store_and_the_cluster_s_redactor_learns_its_key(
        self, each: Each, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench, _ = each
        monkeypatch.setenv("VAULT_TOKEN", TOKEN)
        store = await open_store(Settings(key_store=bench.named), cluster)
        assert store.kind == bench.kind
        assert (await store.read()).secret == Secret(OLD)
        assert OLD not in cluster.redact.text(f"it is {OLD}")
        await store.close()


class TestLibraries:
    @pytest.mark.parametrize("kind", LIBRARIES)
    async def test_a_missing_one_is_said_by_the_name_of_its_extra(
        self, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, LIBRARIES[kind], None)
        with pytest.raises(StoreError) as caught:
            await opened(Named(kind=kind), {}, Redactor())
        assert f"leeward[{kind}] is missing. Nothing was changed." in caught.value.said
        assert caught.value.remedy.startswith(f"Install leeward[{kind}] (pip install 'leeward[{kind}]')")
        assert caught.value.outcome == "refused"

    async def test_their_logs_stay_silent_below_warnings_whatever_level_they_had(self, each: Each) -> None:
        bench, _ = each
        names = {"aws": "botocore.endpoint", "gcp": "google.cloud.secretmanager_v1", "vault": "urllib3"}
        logger = logging.getLogger(names[bench.kind])
        logger.setLevel(logging.DEBUG)
        await bench.open()
        assert not logger.isEnabledFor(logging.INFO)
        assert logger.isEnabledFor(logging.WARNING)

    @pytest.mark.parametrize("kind", LIBRARIES)
    async def test_by_hand_the_key_comes_from_the_standard_input(self, kind: str, each: Each) -> None:
        bench, _ = each
        store = await bench.open()
        command, back = store.by_hand(), store.back_by_hand()
        assert command.startswith(("tr -d '[:space:]' | ", "jq "))
        assert command.endswith(("--data-file=-", "file:///dev/stdin", "api-key=-"))
        for key in KEYS:
            assert key not in command + back
