"""What people decide about the path in another console leads this one's, too."""

from collections.abc import Iterable
from datetime import datetime

from tui.model.incident import Draft, Entry, Kind
from tui.session.board import Board


def follow(board: Board, entries: Iterable[Entry], now: datetime) -> list[Draft]:
    """Pin and overrule as these entries say; what that changes comes back as drafts.

    What the runbook here does not know is left alone: others may use another one.
    """
    drafts: list[Draft] = []
    for entry in sorted(entries, key=lambda entry: entry.id):
        if entry.kind == Kind.PINNED:
            drafts += _pin(board, entry, now)
        elif entry.kind == Kind.OVERRULED:
            drafts += _overrule(board, entry, now)
    return drafts


def _pin(board: Board, entry: Entry, now: datetime) -> list[Draft]:
    wanted = entry.data.get("diagnosis")
    known = wanted is None or (isinstance(wanted, str) and wanted in board.runbook.diagnoses)
    return board.pin(wanted, now) if known and "diagnosis" in entry.data else []


def _overrule(board: Board, entry: Entry, now: datetime) -> list[Draft]:
    question, branch = entry.data.get("question"), entry.data.get("branch")
    asked = board.runbook.questions.get(question) if isinstance(question, str) else None
    if asked is None or not (branch is None or isinstance(branch, str)):
        return []
    return board.overrule(asked.id, branch, now)
