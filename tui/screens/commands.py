"""The palette and what it offers: every binding by name, and the few acts that have no key."""

from tui.screens import acting, looking
from tui.screens.bindings import MAIN, shown_key
from tui.screens.desk import Desk
from tui.screens.palette import Command, PaletteScreen
from tui.session import offers

THEMES = ("dark", "light", "ansi")
_OF_THE_INCIDENT = {
    "milestones": "Milestones: when what happened; set and correct",
    "handover-page": "Handover page: for the next shift, to copy",
    "return-card": "While you were away, or before you joined: what happened",
}


async def palette(desk: Desk) -> None:
    """Every action by name."""
    chosen = await desk.ask(PaletteScreen(commands(desk), desk.glyphs))
    if chosen is not None:
        await run(desk, chosen)


def commands(desk: Desk) -> tuple[Command, ...]:
    """The commands that make sense now."""
    keyed = [
        Command(e.id, e.help, shown_key(e.keys[0]))
        for e in desk.table
        if e.where == MAIN and not e.fixed and e.id != "palette"
    ]
    return (*keyed, *_without_key(desk))


async def run(desk: Desk, command_id: str) -> None:
    """Run what was chosen."""
    what, _, which = command_id.partition(":")
    if what == "page":
        await looking.PAGES[which](desk)
    elif what == "key":
        await acting.preview(desk, which, desk.runbook.mitigations[which].title if desk.runbook else which)
    elif what in _OF_THE_INCIDENT:
        await _about_the_incident(desk, what)
    elif what == "checks":
        await looking.read_checks(desk)
    elif what == "theme":
        desk.wear(which)
    elif what == "disarm":
        desk.session.disarm()
        desk.say("Read-only again.", "ok")
    elif what == "stop-waiting":
        await desk.session.cancel_watch()
        desk.say("Nobody waits any longer; what the cluster has now is on the timeline.", "ok")
    elif what == "reset":
        await desk.session.reset_breaker(which)
        desk.say(f"{which} may be tried again.", "ok")
    elif what == "hand-on":
        path = await desk.session.hand_on()
        desk.say(f"The incident is in {path}; on the other machine: leeward import FILE", "ok")
    else:
        desk.press(command_id)


async def _about_the_incident(desk: Desk, what: str) -> None:
    from tui.screens import handover, milestones, returning

    flows_of = {
        "milestones": milestones.show,
        "handover-page": handover.show,
        "return-card": returning.show,
    }
    await flows_of[what](desk)


def _without_key(desk: Desk) -> list[Command]:
    more = [Command(f"page:{page}", title) for page, title in offers.TITLES.items()]
    more.append(Command("checks", "All that the checks said"))
    if desk.snapshot.incident is not None:
        more += [Command(name, title) for name, title in _OF_THE_INCIDENT.items()]
    more += [Command(f"theme:{name}", f"Theme: {name}") for name in THEMES]
    if desk.snapshot.incident is not None:
        more.append(Command("hand-on", "Export the incident into one file, for another machine"))
    if desk.snapshot.arming.until is not None:
        more.append(Command("disarm", "Read-only again, now"))
    more += [Command("stop-waiting", f"Stop waiting for: {r.title}") for r in desk.snapshot.running[:1]]
    rules = desk.runbook.mitigations if desk.runbook else {}
    more += [
        Command(f"key:{rule.id}", "Test the API key, or a new one, and look at storing it")
        for rule in rules.values()
        if rule.change.kind == acting.ROTATES
    ]
    more += [
        Command(f"reset:{name}", f"Let {rules[name].title} be tried again after two failures")
        for name in desk.snapshot.tripped
        if name in rules
    ]
    return more
