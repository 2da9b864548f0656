"""Copiers with real journals against the simulated cluster: partitions, lost answers, 410, 401 and 403."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from tests.drill_kubernetes.test_shared import shared
from tests.sharing.lines import INCIDENT
from tests.support.partition import Partition, partition
from tui.clients.shared_entries import SharedEntries
from tui.clients.shared_place import SharedPlace
from tui.drill.kubernetes import KubeApi
from tui.model.clock import SystemClock
from tui.model.erasing import redaction
from tui.model.incident import Draft, Entry, Kind
from tui.model.redaction import Redactor
from tui.model.sharing import Link
from tui.record.folder import incident_folder
from tui.record.journal import Journal
from tui.record.reading import read
from tui.record.shared import CopierLock, begin, read_marker
from tui.record.verification import verify
from tui.settings import Settings, Sharing
from tui.sharing.copier import Copier
from tui.sharing.copying import Copy
from tui.sharing.files import FolderFiles
from tui.sharing.joining import copy_once
from tui.sharing.overview import incidents
from tui.sharing.pruning import finish_redactions, prunable, prune

__all__ = ["shared"]


class Console:
    """One console: a state folder, a journal, and a copier that reaches the place by a way of its own."""

    def __init__(self, name: str, root: Path, kubeconfig: str, deadline: float = 3.0) -> None:
        self.name = name
        self.state_dir = root / name
        self.state_dir.mkdir(exist_ok=True)
        self.config = self.state_dir / "kubeconfig"
        self.config.write_text(kubeconfig)
        sharing = Sharing(kubeconfig=str(self.config), namespace="leeward")
        self.place = SharedPlace(Settings(sharing=sharing), Redactor(), deadline)
        self.clock = SystemClock()

    async def start(self) -> None:
        folder = begin(self.state_dir, INCIDENT)
        self.journal = await Journal.open(
            self.state_dir, INCIDENT, self.clock, Redactor(), together=True, wait=0.0
        )
        files = FolderFiles(folder, INCIDENT, lambda: self.place.words, self.clock)
        copy = Copy(INCIDENT, files, Redactor(), on_taken=self._took)
        self.copier = Copier(copy, self._door, CopierLock(folder), self.clock, Random(self.name))
        self.copier.start()

    async def _door(self) -> SharedEntries:
        return (await self.place.open()).entries

    def _took(self, entries: tuple[Entry, ...]) -> None:
        for entry in entries:
            self.journal.saw(entry.id)

    async def write(self, text: str, kind: Kind = Kind.NOTE, **data: object) -> Entry:
        (entry,) = await self.journal.append(Draft(kind, text, datetime.now(UTC), self.name, data))
        self.copier.nudge()
        return entry

    async def redact(self, entry: Entry) -> None:
        now = datetime.now(UTC)
        await self.journal.redact(redaction(entry, self.entries(), "a name", self.name, now))
        self.copier.nudge()

    def entries(self) -> tuple[Entry, ...]:
        return read(self.state_dir, INCIDENT).entries

    def texts(self) -> list[str]:
        return [entry.text for entry in self.entries()]

    async def stop(self) -> None:
        await self.copier.stop()
        await self.journal.close()
        await self.place.close()


Opens = Callable[..., Awaitable[Console]]


@pytest.fixture
async def opens(shared: KubeApi, tmp_path: Path) -> AsyncIterator[Opens]:
    """Begins a console: `await opens("ana")`, or of another login, or by another way."""
    made: list[Console] = []

    async def start(name: str, user: str = "responder", way: Partition | None = None) -> Console:
        kubeconfig = shared.kubeconfig(user)
        made.append(Console(name, tmp_path, way.leads(kubeconfig) if way else kubeconfig))
        await made[-1].start()
        return made[-1]

    yield start
    for one in made:
        await one.stop()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(90):
        while not condition():  # noqa: ASYNC110 - what comes true has no event
            await asyncio.sleep(0.02)


async def same(*consoles: Console, entries: int) -> None:
    """Wait until all have the same record, of so many entries, and verify is content with it."""

    def agree() -> bool:
        first, *others = (console.entries() for console in consoles)
        return len(first) == entries and all(one == first for one in others)

    await until(agree)
    await until(lambda: all(console.copier.status.unsent == 0 for console in consoles))
    for console in consoles:
        assert verify(console.state_dir, INCIDENT).problems == ()
        assert console.copier.status.problems == ()


async def live(*consoles: Console) -> None:
    await until(lambda: all(one.copier.status.link is Link.LIVE for one in consoles))


async def test_a_note_of_one_is_on_the_other_and_both_folders_say_where_it_was_shared(opens: Opens) -> None:
    ana, ben = await opens("ana"), await opens("ben", "ada")
    await live(ana, ben)
    await ana.write("traffic rose")
    await ben.write("so it did")
    await same(ana, ben, entries=2)
    folders = [incident_folder(one.state_dir, INCIDENT) for one in (ana, ben)]
    await until(lambda: all(map(read_marker, folders)))


async def test_a_late_joiner_has_everything(opens: Opens) -> None:
    ana = await opens("ana")
    for number in range(40):
        await ana.write(f"note {number} " + "x" * (number * 400))
    await until(lambda: ana.copier.status.unsent == 0 and ana.copier.status.link is Link.LIVE)
    ben = await opens("ben", "ada")
    await same(ana, ben, entries=40)


async def test_two_consoles_of_one_machine_share_through_one_of_them(opens: Opens) -> None:
    ana, ben = await opens("ana"), await opens("ben", "ada")
    second = Console("ana", ana.state_dir.parent, ana.config.read_text())
    await second.start()
    await until(lambda: second.copier.status.elsewhere)
    await second.write("from the second")
    await ana.write("from the first")
    await same(ana, ben, entries=2)
    await ana.copier.stop()
    await second.write("after the first is gone")
    await until(lambda: "after the first is gone" in ben.texts())
    await second.stop()


async def test_a_partition_in_which_both_write(opens: Opens, shared: KubeApi) -> None:
    async with partition(shared.address) as way:
        ana, ben = await opens("ana", way=way), await opens("ben", "ada")
        await ana.write("before")
        await same(ana, ben, entries=1)
        way.cut()
        for number in range(5):
            await ana.write(f"cut off {number}")
            await ben.write(f"connected {number}")
        await until(lambda: ana.copier.status.link is Link.AWAY)
        await until(lambda: ana.copier.status.unsent == 5)
        way.reset()
        way.heal()
        ana.copier.retry_now()
        await same(ana, ben, entries=11)
        await live(ana, ben)


async def test_writes_that_arrive_while_their_answers_do_not(opens: Opens, shared: KubeApi) -> None:
    async with partition(shared.address) as way:
        ana, ben = await opens("ana", way=way), await opens("ben", "ada")
        await ana.write("before")  # by a connection that stays open, so that the next needs no new one
        await same(ana, ben, entries=1)
        way.to_client.cut = True
        await ana.write("it arrives, and nobody says so")
        await until(lambda: len(ben.texts()) == 2)
        way.reset()
        way.heal()
        ana.copier.retry_now()
        await same(ana, ben, entries=2)


async def test_a_server_that_refuses_connections_and_comes_back_having_forgotten(
    opens: Opens, shared: KubeApi
) -> None:
    async with partition(shared.address) as way:
        ana, ben = await opens("ana", way=way), await opens("ben", "ada")
        await live(ana, ben)
        await way.refuse()
        await until(lambda: ana.copier.status.link is Link.AWAY)
        await ben.write("meanwhile")
        await until(lambda: ben.copier.status.unsent == 0)
        shared.cluster.store.compact()
        await way.accept()
        ana.copier.retry_now()
        await same(ana, ben, entries=1)


async def test_watches_that_are_cut_again_and_again(opens: Opens, shared: KubeApi) -> None:
    ana, ben = await opens("ana"), await opens("ben", "ada")
    for number in range(10):
        await ana.write(f"note {number}")
        shared.cut_watches()
        if number % 3 == 0:
            shared.cluster.store.compact()
        await asyncio.sleep(0.05)
    await same(ana, ben, entries=10)


async def test_a_login_that_expired_is_said_and_what_was_written_meanwhile_is_sent_after_the_next(
    opens: Opens, shared: KubeApi
) -> None:
    ana, ben = await opens("ana"), await opens("ben", "ada")
    await live(ana, ben)
    shared.expire("responder")
    await ana.write("written with a login that is over")
    await until(lambda: ana.copier.status.link is Link.REFUSED)
    assert "login" in ana.copier.status.said.lower()
    ana.config.write_text(shared.kubeconfig("responder"))
    ana.copier.retry_now()
    await until(ben.texts)
    await live(ana)


async def test_who_may_only_read_reads_on(opens: Opens) -> None:
    ana, vic = await opens("ana"), await opens("vic", "viewer")
    await vic.write("not to be shared by this login")
    await until(lambda: vic.copier.status.looks_on)
    assert vic.copier.status.link is Link.LIVE
    assert "may not create" in vic.copier.status.said
    await ana.write("traffic rose")
    await until(lambda: "traffic rose" in vic.texts())
    assert vic.copier.status.unsent == 1


async def test_what_was_redacted_is_in_no_copy_and_not_in_the_place_however_long_it_was(
    opens: Opens, shared: KubeApi
) -> None:
    ana, ben, kim = await opens("ana"), await opens("ben", "ada"), await opens("kim", "keeper")
    secret = await ana.write("the customer " + "name " * 12_000)  # several objects
    short = await ana.write("the customer again")
    await same(ana, ben, kim, entries=2)
    await ben.redact(secret)
    await ben.redact(short)

    def gone() -> bool:
        return "customer" not in repr(stored(shared))

    await until(gone)
    await until(lambda: all(len(one.entries()) == 4 for one in (ana, ben, kim)))
    for console in (ana, ben, kim):
        await console.journal.finish_redactions()
        folder = incident_folder(console.state_dir, INCIDENT)
        assert not [path for path in folder.glob("journal*") if b"customer" in path.read_bytes()]
        assert verify(console.state_dir, INCIDENT).problems == ()
    assert len(stored(shared)) == 4


def stored(shared: KubeApi) -> list[object]:
    """Every object of entries that there is, the parts, too."""
    objects = shared.cluster.store._objects
    return [one for key in objects if key.startswith("entries") for one in objects[key].values()]


async def test_one_exchange_without_a_console_and_pruning_it_all(
    opens: Opens, shared: KubeApi, tmp_path: Path
) -> None:
    ana, kim = await opens("ana"), Console("kim", tmp_path, shared.kubeconfig("keeper"))
    await ana.write("declared", Kind.DECLARED, title="Rate limited", severity="SEV2")
    secret = await ana.write("the customer " + "name " * 12_000)
    await ana.write("resolved", Kind.RESOLVED, reason="")
    await until(lambda: len(stored(shared)) > 3 and ana.copier.status.unsent == 0)
    await ana.redact(secret)
    await until(lambda: "leeward share prune" in repr(ana.copier.status.problems))
    opened = await kim.place.open()
    assert await finish_redactions(opened.entries, INCIDENT) == 1
    await until(lambda: ana.copier.status.problems == ())
    (one,) = await incidents(opened.entries)
    assert (one.id, one.title, one.open) == (INCIDENT, "Rate limited", False)

    begin(kim.state_dir, INCIDENT)
    redact = Redactor()
    done = await copy_once(kim.state_dir, INCIDENT, opened.entries, kim.clock, redact, place="here")
    assert (done.taken, done.sent, done.unsent, done.problems) == (4, 0, 0, ())
    assert kim.entries() == ana.entries()
    assert verify(kim.state_dir, INCIDENT).problems == ()

    later = datetime.now(UTC) + timedelta(days=40)
    (old,) = prunable(await incidents(opened.entries), later, timedelta(days=30))
    pruned = await prune(opened.entries, opened.leases, old.id, later, timedelta(days=30))
    assert pruned.why_not == ""
    assert stored(shared) == []
    done = await copy_once(kim.state_dir, INCIDENT, opened.entries, kim.clock, redact, place="here")
    assert (done.sent, done.pruned) == (0, True)
    await kim.place.close()
