"""What happens after a key: the dialogs in their order, and what is asked of the session.

A flow runs as a worker of the app. A SessionError ends it, and the app says it in the message
line. Choices are made from the snapshot of the moment: a list that is open is frozen.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import tui
from tui.model import times
from tui.model.incident import Entry
from tui.model.reading import Check
from tui.model.runbook import RotateKey, Runbook
from tui.screens import company, details, here, pages, sifting, view
from tui.screens.desk import Desk, Flow
from tui.screens.reader import Page
from tui.session import offers
from tui.session.errors import SessionError
from tui.session.snapshot import Action, Snapshot
from widgets.prompt import Choice

if TYPE_CHECKING:
    from tui.screens.main import MainScreen

_FOLLOW = "follow"
# The kind of change whose preview asks for a new key first.
ROTATES = RotateKey.kind


# Dialogs


async def choose(desk: Desk, title: str, choices: Sequence[Choice], why: str = "") -> str | None:
    """One of a list, or None; `why` stands above the list."""
    from tui.screens.dialogs import ChoosingScreen

    return await desk.ask(ChoosingScreen(title, tuple(choices), desk.glyphs, why))


async def ask(
    desk: Desk, title: str, *, text: str = "", hint: str = "", draft: str = "", why: str = ""
) -> str | None:
    """A text, or None; `draft` names where what was typed is kept, `why` stands above the field."""
    from tui.screens.dialogs import AskingScreen

    if draft and (at := desk.drafts.kept_at(draft)) is not None:
        hint = f"as left {view.age(desk.clock.now() - at)} ago. {hint}"
    return await desk.ask(
        AskingScreen(title, desk.glyphs, text=text, hint=hint, drafts=desk.drafts, draft=draft, why=why)
    )


async def read(desk: Desk, title: str, page: Page) -> None:
    """Show a page."""
    from tui.screens.reader import ReaderScreen

    await desk.ask(ReaderScreen(title, page, desk.glyphs, desk.copy))


# Looking


async def read_help(desk: Desk) -> None:
    """The help."""
    ascii_only = desk.glyphs.plain_only
    await read(desk, "Help", pages.keys(desk.table, desk.places, tui.__version__, ascii_only))


async def read_checks(desk: Desk) -> None:
    """All that the checks said."""
    await read(desk, "Checks", pages.checks(desk.snapshot, desk.clock.now()))


async def read_diagnosis(desk: Desk) -> None:
    """All of the diagnosis, for what the panel has no room for."""
    desk.session.looked()
    await read(desk, "Diagnosis", pages.diagnosis(desk.snapshot))


def read_branch(row_id: str) -> Flow:
    """A question of the tree, with its evidence."""

    async def flow(desk: Desk) -> None:
        if desk.runbook is not None:
            desk.session.looked()
            await read(desk, "Decision tree", pages.branch(row_id, desk.snapshot, desk.runbook))

    return flow


def look_at(action_id: str) -> Flow:
    """Look at an action of "Do here": a mitigation's preview, or a link that is copied.

    What somebody else's lock blocks can be looked at: the preview says who has it, and waits.
    """

    async def flow(desk: Desk) -> None:
        action = next((a for a in desk.snapshot.actions if a.id == action_id), None)
        desk.session.looked()
        if action is None:
            desk.say("That is no longer offered: the path changed.", "warn")
        elif action.kind == "page":
            await PAGES[action.id](desk)
        elif action.kind == "link":
            desk.say(f"{action.title}: {action.url}. {desk.copy(action.url, 'The link')}", "ok")
        elif action.blocked and not company.holds(desk.snapshot):
            desk.say(f"{action.title}: {action.blocked}", "warn")
        else:
            await preview(desk, action.id, action.title)

    return flow


def read_check(check: Check) -> Flow:
    """What one check found: its own page where it has one."""

    async def flow(desk: Desk) -> None:
        if check in _PAGE_OF:
            await PAGES[_PAGE_OF[check]](desk)
        else:
            await read(desk, view.NAMES[check][0], pages.check(check, desk.snapshot, desk.clock.now()))

    return flow


async def read_network(desk: Desk) -> None:
    """The way to the API, from the pods by their policies, and from here."""
    from tui.screens.live_page import LivePage

    session = desk.session

    async def ask() -> Page:
        look, refused = None, ""
        try:
            look = await session.look_at_network()
        except SessionError as error:
            refused = f"{error.said} {error.remedy}".strip()
        return details.network(desk.snapshot, look, desk.clock.now(), refused)

    first = details.network(desk.snapshot, None, desk.clock.now())
    await desk.ask(LivePage("Network", first, ask, desk.glyphs, desk.copy))


async def read_logs(desk: Desk) -> None:
    """The pods' log errors by shape, and the last change."""
    await read(desk, "Log errors", details.logs(desk.snapshot, desk.clock.now()))


async def read_limits(desk: Desk) -> None:
    """The API's answer and its limits."""
    link = desk.runbook.links.get("limits") if desk.runbook else None
    page = details.limits(desk.snapshot, desk.clock.now(), link.url if link else "")
    await read(desk, "Mistral API", page)


async def read_support(desk: Desk) -> None:
    """The draft to Mistral's support: read here, copied with c, sent by a person."""
    title = "A draft to Mistral's support: nothing is sent"
    await read(desk, title, details.support(desk.session.support_draft()))


PAGES: Mapping[str, Flow] = {
    offers.NETWORK: read_network,
    offers.LOGS: read_logs,
    offers.LIMITS: read_limits,
    offers.SUPPORT: read_support,
}
_PAGE_OF = {Check.MISTRAL_API: offers.LIMITS, Check.NETWORK: offers.NETWORK}


async def refresh(desk: Desk) -> None:
    """Ask every check now."""
    desk.session.refresh()
    desk.say("Asking every check again.", "ok")


def copy(what: tuple[str, str]) -> Flow:
    """Copy a text."""

    async def flow(desk: Desk) -> None:
        text, name = what
        said = desk.copy(text, name[:1].upper() + name[1:])
        desk.say(said, "ok")

    return flow


def entry_text(entry: Entry) -> str:
    """An entry as one line, to copy."""
    return f"{times.rfc3339(entry.occurred_at)}  {entry.kind}  {entry.text}"


def checks_text(snapshot: Snapshot) -> str:
    """The checks, a line each, to copy."""
    return "\n".join(f"{c.name}: {c.state}, {c.summary}" for c in view.checks(snapshot, snapshot.at))


def diagnosis_text(snapshot: Snapshot) -> str:
    """The diagnosis with its evidence, to copy."""
    return pages.text(pages.diagnosis(snapshot))


def sift(main: "MainScreen") -> Flow:
    """Filter the timeline by a text."""

    async def flow(desk: Desk) -> None:
        needle = await ask(
            desk,
            "Filter the timeline",
            text=main.needle,
            hint=sifting.HINT,
        )
        if needle is not None:
            main.needle = needle
            main.sift()

    return flow


# The change


async def mitigate(desk: Desk) -> None:
    """The numbered list: what fits the diagnosis first, then the runbook's others."""
    desk.session.looked()
    snapshot, runbook = desk.snapshot, desk.runbook
    if not snapshot.place.deployment:
        where = f" in {desk.places.settings}" if desk.places.settings else ""
        desk.say(
            f"No deployment is set: there is nothing to change. Set kubernetes.deployment{where}.", "warn"
        )
        return
    fitting = [a for a in snapshot.actions if a.kind == "mitigation"]
    others = _others(fitting, runbook)
    if not fitting and not others:
        desk.say("The runbook has no mitigation.", "warn")
        return
    choices = [_fitting(a, snapshot) for a in fitting]
    choices += [Choice(a.id, a.title, f"{a.hint}  not fitting now") for a in others]
    chosen = await choose(desk, "Mitigate: nothing is changed by looking", choices, here.locked(snapshot))
    if chosen is not None:
        await preview(desk, chosen, next(a.title for a in (*fitting, *others) if a.id == chosen))


def _fitting(action: Action, snapshot: Snapshot) -> Choice:
    """A change to look at; what somebody else's lock blocks, too, since its preview waits."""
    hint = f"{action.hint}  {action.risk}".strip()
    if company.holds(snapshot):
        return Choice(action.id, action.title, f"{hint}  {here.blocked(action, snapshot)}")
    return Choice(action.id, action.title, hint, action.blocked)


def _others(fitting: Sequence[Action], runbook: Runbook | None) -> list[Action]:
    known = {a.id for a in fitting}
    rules = runbook.mitigations.values() if runbook else ()
    return [Action(r.id, "mitigation", r.title, r.change.told) for r in rules if r.id not in known]


async def preview(desk: Desk, mitigation_id: str, title: str) -> None:
    """The preview of a mitigation; that of a key's rotation asks for the new key first."""
    rule = desk.runbook.mitigations.get(mitigation_id) if desk.runbook else None
    if rule is not None and rule.change.kind == ROTATES:
        from tui.screens.keys import KeyScreen

        await desk.ask(KeyScreen(desk, title))
        return
    from tui.screens.preview import PreviewScreen

    session = desk.session
    await desk.ask(PreviewScreen(desk, title, lambda value: session.preview(mitigation_id, value)))


async def undo(desk: Desk) -> None:
    """The undo's preview; where several changes are live, the person says which one is meant."""
    from tui.screens.preview import PreviewScreen

    session, able = desk.session, desk.snapshot.undoable
    meant = able[0].mitigation if able else ""
    if len(able) > 1:
        choices = [Choice(one.mitigation, one.title, one.change) for one in able]
        chosen = await choose(
            desk, "Undo which change? The latest is first", choices, here.locked(desk.snapshot)
        )
        if chosen is None:
            return
        meant = chosen
    await desk.ask(PreviewScreen(desk, "Undo the last change", lambda _value: session.preview_undo(meant)))


# The tree


async def pin(desk: Desk) -> None:
    """Pin a diagnosis, or follow the evidence again."""
    snapshot, runbook = desk.snapshot, desk.runbook
    if runbook is None:
        return
    now = snapshot.diagnosis.id if snapshot.diagnosis else ""
    follow = Choice(_FOLLOW, "Follow the evidence", "the tree decides", current=not snapshot.pinned)
    found = [
        Choice(d.id, d.title, str(d.severity or ""), current=snapshot.pinned and d.id == now)
        for d in runbook.diagnoses.values()
    ]
    chosen = await choose(desk, "Pin a diagnosis", (follow, *found))
    if chosen is not None:
        await desk.session.pin(None if chosen == _FOLLOW else chosen)
        desk.say("The tree follows the evidence." if chosen == _FOLLOW else f"Pinned: {chosen}.", "ok")


def overrule(question_id: str) -> Flow:
    """Overrule an answer: of this question, or of one of the path's."""

    async def flow(desk: Desk) -> None:
        runbook = desk.runbook
        if runbook is None:
            return
        question = question_id or await _which_question(desk)
        if question is not None:
            await _overrule(desk, runbook, question)

    return flow


async def _which_question(desk: Desk) -> str | None:
    steps = desk.snapshot.walk.steps
    if not steps:
        desk.say("Nothing has been asked yet: there is no answer to overrule.", "warn")
        return None
    choices = [Choice(s.question, s.text, s.answer + (", overruled" if s.overruled else "")) for s in steps]
    return await choose(desk, "Overrule which answer?", choices)


async def _overrule(desk: Desk, runbook: Runbook, question_id: str) -> None:
    question = runbook.questions[question_id]
    step = next((s for s in desk.snapshot.walk.steps if s.question == question_id), None)
    ways = (*question.branches, *((question.otherwise,) if question.otherwise else ()))
    choices = [Choice(_FOLLOW, "Follow the evidence", current=step is not None and not step.overruled)]
    # A branch's label may be any text, this file's own word included: it is told by its number.
    choices += [
        Choice(
            str(number),
            way.label,
            way.answer if way.answer != way.label else "",
            current=step is not None and step.overruled and step.branch == way.label,
        )
        for number, way in enumerate(ways)
    ]
    chosen = await choose(desk, question.text, choices)
    if chosen is not None:
        label = None if chosen == _FOLLOW else ways[int(chosen)].label
        await desk.session.overrule(question_id, label)
        desk.say(f"Overruled: {label}." if label else "The evidence answers again.", "ok")


# The record


async def note(desk: Desk) -> None:
    """Write a note; the first opens an incident."""
    incident = desk.snapshot.incident
    hint = "Enter writes it down; Esc keeps the draft" + ("" if incident else "; this opens an incident")
    text = await ask(desk, "Note", hint=hint, draft="note")
    if text is not None:
        await desk.session.note(text)
        desk.drafts.pop("note", None)
        desk.say("Noted.", "ok")


# The rest


async def palette(desk: Desk) -> None:
    """Every action by name."""
    from tui.screens import commands
    from tui.screens.palette import PaletteScreen

    chosen = await desk.ask(PaletteScreen(commands.commands(desk), desk.glyphs))
    if chosen is not None:
        await commands.run(desk, chosen)


async def leave(desk: Desk) -> None:
    """Leave. Only a running mitigation asks: it goes on without its verdict."""
    running = desk.snapshot.running
    if running:
        choices = (
            Choice("stay", "Stay until it is done", running[0].text, key="s"),
            Choice("leave", "Leave all the same", "what was sent stays; resuming settles it", key="l"),
        )
        if await choose(desk, f"{running[0].title} is running", choices) != "leave":
            return
    desk.leave()
