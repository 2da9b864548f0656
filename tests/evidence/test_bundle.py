"""The archive: whole or not at all, redacted, with a manifest that tells what is missing and why."""

import asyncio
import hashlib
import json
import stat
import tarfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tui.evidence.archive import BROKEN, MANIFEST
from tui.evidence.bundle import Collected, EvidenceError, Progress, collect
from tui.evidence.piece import Piece, Unobtainable, document, missing
from tui.model.clock import SystemClock
from tui.model.redaction import Redactor
from tui.model.secret import Secret

KEY = "abcdEFGH1234ijklMNOP5678qrstUVWX"


def text(name: str, *parts: bytes, then: str = "", verbatim: bool = False) -> Piece:
    async def read() -> AsyncGenerator[bytes, None]:
        for part in parts:
            yield part
        if then:
            raise Unobtainable(then)

    return Piece(name, f"the {name}", read, verbatim)


async def collected(folder: Path, *pieces: Piece, redact: Redactor | None = None) -> Collected:
    progress: list[Progress] = []
    known = redact or Redactor([Secret(KEY)])
    about = {"incident": "inc-1"}
    found = await collect(pieces, folder / "e.tar.gz", known, SystemClock(), about, progress.append)
    assert [one.number for one in progress] == sorted(one.number for one in progress)
    assert {one.pieces for one in progress} == {len(pieces)}
    return found


def opened(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def manifest(path: Path) -> Any:
    return json.loads(opened(path)[MANIFEST])


async def test_each_file_is_listed_with_its_size_and_digest(tmp_path: Path) -> None:
    found = await collected(
        tmp_path, text("logs/a.log", b"one\n", b"two\n"), document("r.json", "r", {"a": 1})
    )
    files = opened(found.path)
    assert files["logs/a.log"] == b"one\ntwo\n"
    for row in manifest(found.path)["files"]:
        content = files[row["name"]]
        assert (row["size"], row["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert found.sha256 == hashlib.sha256(found.path.read_bytes()).hexdigest()
    assert found.size == found.path.stat().st_size
    assert found.pieces == 2
    assert manifest(found.path)["incident"] == "inc-1"


async def test_it_is_for_us_alone_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    found = await collected(tmp_path, text("a", b"x"))
    assert stat.S_IMODE(found.path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [found.path]


async def test_secrets_that_two_reads_part_are_taken_out_and_counted(tmp_path: Path) -> None:
    found = await collected(tmp_path, text("a.log", f"key {KEY[:9]}".encode(), f"{KEY[9:]} seen\n".encode()))
    assert opened(found.path)["a.log"] == b"key *** seen\n"
    assert manifest(found.path)["files"][0]["redacted"] == found.redacted == 1


async def test_what_cannot_be_had_is_listed_with_its_reason_and_the_rest_is_kept(tmp_path: Path) -> None:
    found = await collected(
        tmp_path,
        missing("kubernetes/", "everything of the cluster", f"It refuses the key {KEY}."),
        text("half.log", b"as far as this\n", then="The connection broke."),
        text("whole.log", b"all\n"),
    )
    assert set(opened(found.path)) == {"half.log", "whole.log", MANIFEST}
    assert manifest(found.path)["missing"] == [
        {
            "name": "kubernetes/",
            "what": "everything of the cluster",
            "reason": "It refuses the key ***.",
            "partial": False,
        },
        {"name": "half.log", "what": "the half.log", "reason": "The connection broke.", "partial": True},
    ]


async def test_a_journal_is_kept_byte_for_byte_unless_it_holds_a_secret_that_was_learnt_since(
    tmp_path: Path,
) -> None:
    line = b'{"text":"password=hunter2hunter2"}\n'
    found = await collected(tmp_path, text("journal/journal.jsonl", line, verbatim=True))
    assert opened(found.path)["journal/journal.jsonl"] == line
    found.path.unlink()
    found = await collected(
        tmp_path, text("journal/journal.jsonl", f'{{"a":"{KEY}"}}\n'.encode(), verbatim=True)
    )
    assert opened(found.path)["journal/journal.jsonl"] == b'{"a":"***"}\n'
    assert found.missing[0].reason == BROKEN


async def test_what_is_there_already_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "e.tar.gz").write_text("mine")
    with pytest.raises(EvidenceError, match="is there already"):
        await collected(tmp_path, text("a", b"x"))
    assert (tmp_path / "e.tar.gz").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


async def test_a_folder_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"was not written to .*: No such file"):
        await collected(tmp_path / "nowhere", text("a", b"x"))


async def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def read() -> AsyncGenerator[bytes, None]:
        yield b"x" * 100_000
        begun.set()
        await asyncio.Event().wait()

    piece = Piece("endless.log", "an endless log", read)
    work = asyncio.create_task(collected(tmp_path, piece))
    await begun.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert list(tmp_path.iterdir()) == []


async def test_a_full_disk_is_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from tui.evidence.archive import Archive

    def full(self: Archive, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Archive, "_write", full)
    with pytest.raises(EvidenceError, match="No space left on device"):
        await collected(tmp_path, text("a", b"x"))
    assert list(tmp_path.iterdir()) == []
