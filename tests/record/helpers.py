"""What the tests of the record share."""

from pathlib import Path
from typing import Any

from tests.support.clock import ManualClock
from tui.model.incident import Draft, Kind
from tui.model.redaction import Redactor
from tui.record.journal import Journal

INCIDENT = "inc-20261123-1503-7f3a"


def draft(text: str = "traffic rose", kind: Kind = Kind.NOTE, **data: Any) -> Draft:
    return Draft(kind, text, ManualClock().now(), "ana", data)


def journal_file(state_dir: Path) -> Path:
    return state_dir / "incidents" / INCIDENT / "journal.jsonl"


async def create(state_dir: Path, redact: Redactor | None = None) -> Journal:
    return await Journal.create(state_dir, INCIDENT, ManualClock(), redact or Redactor())


async def reopen(state_dir: Path, wait: float = 0.0) -> Journal:
    return await Journal.open(state_dir, INCIDENT, ManualClock(), Redactor(), wait=wait)


async def with_entries(state_dir: Path, count: int) -> None:
    async with await create(state_dir) as journal:
        for number in range(count):
            await journal.append(draft(f"note {number}", number=number))
