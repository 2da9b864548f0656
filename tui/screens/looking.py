"""What is looked at after a key: pages, what an action of "Do here" would do, the timeline, what is copied.

A flow runs as a worker of the app. A SessionError ends it, and the app says it in the message line.
"""

from collections.abc import Mapping

import tui
from tui.model import times
from tui.model.doers import approved
from tui.model.incident import Entry
from tui.model.reading import Check
from tui.screens import acting, asking, company, details, pages, sifting, view
from tui.screens.desk import Desk, Flow
from tui.screens.page import Page, text
from tui.session import offers
from tui.session.errors import SessionError
from tui.session.snapshot import Snapshot


async def read_help(desk: Desk) -> None:
    """The help."""
    ascii_only = desk.glyphs.plain_only
    await asking.read(desk, "Help", pages.keys(desk.table, desk.places, tui.__version__, ascii_only))


async def read_checks(desk: Desk) -> None:
    """All that the checks said."""
    await asking.read(desk, "Checks", pages.checks(desk.snapshot, desk.clock.now()))


async def read_diagnosis(desk: Desk) -> None:
    """All of the diagnosis, for what the panel has no room for."""
    desk.session.looked()
    await asking.read(desk, "Diagnosis", pages.diagnosis(desk.snapshot))


def read_branch(row_id: str) -> Flow:
    """A question of the tree, with its evidence."""

    async def flow(desk: Desk) -> None:
        if desk.runbook is not None:
            desk.session.looked()
            await asking.read(desk, "Decision tree", pages.branch(row_id, desk.snapshot, desk.runbook))

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
        elif action.blocked and company.locker(desk.snapshot) is None:
            desk.say(f"{action.title}: {action.blocked}", "warn")
        else:
            await acting.preview(desk, action.id, action.title)

    return flow


def read_check(check: Check) -> Flow:
    """What one check found: its own page where it has one."""

    async def flow(desk: Desk) -> None:
        if check in _PAGE_OF:
            await PAGES[_PAGE_OF[check]](desk)
        else:
            await asking.read(desk, view.NAMES[check][0], pages.check(check, desk.snapshot, desk.clock.now()))

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
            refused = str(error)
        return details.network(desk.snapshot, look, desk.clock.now(), refused)

    first = details.network(desk.snapshot, None, desk.clock.now())
    await desk.ask(LivePage("Network", first, ask, desk.glyphs, desk.copy))


async def read_logs(desk: Desk) -> None:
    """The pods' log errors by shape, and the last change."""
    await asking.read(desk, "Log errors", details.logs(desk.snapshot, desk.clock.now()))


async def read_limits(desk: Desk) -> None:
    """The API's answer and its limits."""
    link = desk.runbook.links.get("limits") if desk.runbook else None
    page = details.limits(desk.snapshot, desk.clock.now(), link.url if link else "")
    await asking.read(desk, "Mistral API", page)


async def read_support(desk: Desk) -> None:
    """The draft to Mistral's support: read here, copied with c, sent by a person."""
    title = "A draft to Mistral's support: nothing is sent"
    await asking.read(desk, title, details.support(desk.session.support_draft()))


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
    too = ", and trying the shared place" if desk.snapshot.sharing is not None else ""
    desk.say(f"Asking every check again{too}.", "ok")


# The timeline


def sift(main: sifting.Sifted) -> Flow:
    """Filter the timeline by a text."""

    async def flow(desk: Desk) -> None:
        needle = await asking.ask(
            desk,
            "Filter the timeline",
            text=main.needle,
            hint=sifting.HINT,
        )
        if needle is not None:
            main.needle = needle
            main.sift()

    return flow


def choose_kinds(main: sifting.Sifted) -> Flow:
    """Which entries the timeline shows: a numbered list of what there is."""

    async def flow(desk: Desk) -> None:
        snapshot = desk.snapshot
        listed = sifting.choices(
            snapshot.entries,
            snapshot.amendments,
            approved(snapshot.incident),
            main.needle,
            main.all_entries,
        )
        chosen = await asking.choose(desk, "Timeline: show which entries?", listed)
        if chosen is None:
            return
        if chosen in (sifting.KEY, sifting.ALL):
            main.needle, main.all_entries = "", chosen == sifting.ALL
        else:
            main.needle = chosen
        main.sift()

    return flow


# Copying


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
    return text(pages.diagnosis(snapshot))
