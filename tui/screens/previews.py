"""What the preview of a change says, before, while and after it is known: pure functions."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tui.model import times
from tui.model.incident import DECIDES
from tui.model.mitigation import Ownership, Plan, told
from tui.model.runbook import Risk
from tui.model.sharing import Link
from tui.screens import company
from tui.screens.page import Page, Row
from tui.session.snapshot import Arming, Place, Running, Snapshot
from widgets.preview import PreviewView

# How a plan's notes begin that name a workload, and how many of them a preview has room for.
_USED, _USERS = "used by ", 4
_FREE = "free"
_VERDICT = "wait for the verdict of"
_CHECKING = "checking: who we are, what is there, what the server would store…"


@dataclass(frozen=True, slots=True)
class Stand:
    """How far the preview of one change has come.

    Attributes:
        title: of the mitigation.
        plan: None while it is being made, or where it could not be.
        failed: why there is no plan, and the remedy; "" otherwise.
        remedy: what to do about it.
        word_given: high risk: the word was typed again.
        ready: `y` is listened to.
        sending: it has been approved, and the answer is awaited.
        refusal: why the last answer was not taken.
        tried: the plan that stood here before another value was looked at.
        unlocked: why nobody can tell whether somebody else changes the same target; "" where that is known.
        no_lock: the word was given to go without the target's lock.
    """

    title: str
    plan: Plan | None = None
    failed: str = ""
    remedy: str = ""
    word_given: bool = False
    ready: bool = False
    sending: bool = False
    refusal: str = ""
    tried: Plan | None = None
    unlocked: str = ""
    no_lock: bool = False

    @property
    def editable(self) -> Plan | None:
        """The plan whose value can be edited; after a refused value, the one from before it."""
        plan = self.tried if self.failed else self.plan
        return plan if plan is not None and plan.editable and not self.sending else None


@dataclass(frozen=True, slots=True)
class Room:
    """What a preview is looked at in: it may change while it is open.

    Attributes:
        arming, place: as in the snapshot.
        arm_for: how long an arming lasts, in words.
        lock: how the target's lock stands, in words; "" where targets are not locked.
        held: who else changes the target now; "" where nobody is known to.
        running: the changes of this console that are under way.
    """

    arming: Arming
    place: Place = field(default_factory=Place)
    arm_for: str = ""
    lock: str = ""
    held: str = ""
    running: tuple[Running, ...] = ()


def room(snapshot: Snapshot, arm_for: str) -> Room:
    """The room as it is now."""
    lock, sharing = company.locker(snapshot), snapshot.sharing
    held, told = "", ""
    if lock is not None:
        held = company.called(lock, company.people(snapshot))
        told = f"held by {company.changing(lock, company.people(snapshot))}; nothing is queued"
    elif sharing is not None:
        told = _FREE if sharing.link is Link.LIVE else "not known: the shared place does not answer"
        told = "cannot be had: this login only looks on" if sharing.looks_on else told
    return Room(snapshot.arming, snapshot.place, arm_for, told, held, snapshot.running)


def busy(stand: Stand, room: Room) -> str:
    """Whose change of the target must be over first: `bo`, or this console's own, by its title; else ""."""
    run = _own(stand.plan, room)
    return room.held or (run.title if run is not None else "")


def _own(plan: Plan | None, room: Room) -> Running | None:
    """This console's own change that the plan's would have to wait for."""
    if plan is None or plan.kind == DECIDES:
        return None
    mine = (run for run in room.running if run.target == plan.target.key and not run.gives_way(plan))
    return next(mine, None)


def confirmable(stand: Stand, room: Room) -> bool:
    """Whether everything is there but the `y`: the plan, the arming, the target, and the words asked for."""
    arming = room.arming
    if stand.plan is None or arming.locked or arming.until is None or stand.sending or busy(stand, room):
        return False
    if stand.unlocked and not stand.no_lock:
        return False
    return stand.word_given or stand.plan.rule.risk is not Risk.HIGH


def preview(stand: Stand, room: Room) -> PreviewView:
    """The dialog's content."""
    plan, place = stand.plan, room.place
    confirm, asks = _confirm(stand, room)
    if plan is None:
        return PreviewView(
            title=stand.title,
            target=place.target,
            user=place.user,
            env_colour=place.colour,
            change=stand.failed or _CHECKING,
            editable=stand.editable is not None,
            rows=(("to do", stand.remedy),) if stand.remedy else (),
            confirm=confirm,
            asks=asks,
            refusal=stand.refusal,
        )
    return PreviewView(
        title=("Undo: " if plan.undoes else "") + plan.rule.title,
        risk="high risk, without the lock" if stand.unlocked else f"{plan.rule.risk} risk",
        target=plan.target.place,
        user=plan.target.user,
        env_colour=place.colour,
        change=_change(plan),
        editable=stand.editable is not None,
        lock=_lock(stand, room),
        locked=bool(stand.unlocked or room.lock) and _lock(stand, room) != _FREE,
        rows=tuple(_rows(plan)),
        diff=plan.diff,
        by_hand=tuple(
            (label, command)
            for label, command in (("by hand", plan.apply_by_hand), ("back", plan.undo_by_hand))
            if command
        ),
        confirm=confirm,
        asks=asks,
        ready=stand.ready,
        refusal=stand.refusal,
    )


def for_git(plan: Plan) -> str:
    """What `g` copies: the change as it would stand in git, and the command that suspends the sync."""
    suspend = f"\n# suspends the sync, until you resume it:\n{plan.suspend}" if plan.suspend else ""
    return f"{plan.git_patch or chr(10).join(plan.diff)}{suspend}"


def _change(plan: Plan) -> str:
    """One change a line; what the values alone would not tell is said in words."""
    if plan.says:
        return plan.says
    rows = ((plan.variable, plan.before, plan.after), *plan.more)
    return ", ".join(f"{name}   {told(before)} → {told(after)}" for name, before, after in rows)


def whole(plan: Plan) -> Page:
    """All that there is to know of a change, to read on a page of its own and to copy."""
    change = ("change", _change(plan))
    rows = (("on", plan.target.place), ("as", plan.target.user), change, *_rows(plan, len(plan.notes)))
    commands = (("by hand", plan.apply_by_hand), ("back", plan.undo_by_hand))
    return (
        *(Row(label, text) for label, text in rows if text),
        *(Row("" if i else "diff", line) for i, line in enumerate(plan.diff)),
        *(Row(label, text) for label, text in commands if text),
    )


def _lock(stand: Stand, room: Room) -> str:
    """Whether somebody else changes the same target."""
    if stand.unlocked:
        return f"{stand.unlocked} Somebody else may be changing this very target."
    run = _own(stand.plan, room) if room.lock and not room.held else None
    return f"yours: {run.title}; nothing is queued" if run is not None else room.lock


def _rows(plan: Plan, users: int = _USERS) -> Iterator[tuple[str, str]]:
    """What stands between the change and the diff, with so many of those that use what is changed."""
    if plan.rule.confirm and not plan.undoes:
        yield "consider", plan.rule.confirm
    yield "means", plan.means
    yield "touches", plan.touches
    yield "checked", plan.checked
    if plan.target.uid:
        yield "owner", str(plan.ownership)
    if plan.ownership in (Ownership.ARGOCD, Ownership.FLUX):
        suspending = " and the suspend command" if plan.suspend else ""
        yield "", f"g copies the patch for git{suspending}"
    yield from _notes(plan.notes, users)
    yield "undo", plan.way_back or f"back to {told(plan.before)}, if nobody has changed it since"
    yield from (("keep", text) for text in [_keep(plan)] if text)


def _notes(notes: tuple[str, ...], users: int) -> Iterator[tuple[str, str]]:
    """Who uses what is changed stands together, and where they are many, on a page of their own."""
    yield from (("note", note) for note in notes if not note.startswith(_USED))
    using = [note.removeprefix(_USED) for note in notes if note.startswith(_USED)]
    yield from (("used by", one) for one in using[:users])
    if len(using) > users:
        yield "", f"and by {len(using) - users} more: v shows them all"


def _keep(plan: Plan) -> str:
    if plan.undoes:
        return "this takes the change back for good"
    if plan.hold:
        return f"for {times.span(plan.hold)}, then you are asked"
    return "it is not temporary: nobody will ask about it later" if plan.reversible else ""


def _sending(stand: Stand, plan: Plan, room: Room) -> str:
    """How far what was approved is: it goes out with the target's lock, where targets are locked."""
    if room.lock and not stand.no_lock and _own(plan, room) is None:
        return f"waiting for the lock of {plan.target.deployment}"
    return "sending: the timeline tells how it goes"


def _confirm(stand: Stand, room: Room) -> tuple[str, str]:
    arming = room.arming
    if stand.failed:
        return "none", "nothing was changed"
    if stand.plan is None:
        return "none", "nothing is changed by looking"
    if stand.sending:
        return "none", _sending(stand, stand.plan, room)
    if arming.locked:
        return "none", f"cannot be changed from here: {arming.locked}"
    if first := busy(stand, room):
        return "none", f"locked by {first}: wait for its verdict" if room.held else f"{_VERDICT} {first}"
    if arming.until is None:
        return "word", f"read-only: type {arming.word} to arm for {room.arm_for}"
    if stand.unlocked and not stand.no_lock:
        return "word", f"no lock: type {arming.word} to go without it"
    if stand.plan.rule.risk is Risk.HIGH and not stand.word_given:
        return "word", f"high risk: type {arming.word} to apply"
    return "y", "without the lock" if stand.unlocked else ""
