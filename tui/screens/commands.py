"""The palette and what it offers: every binding by name, and the few acts that have no key."""

from tui.screens import acting, handover, looking, milestones, returning
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
    """Run what was chosen: an act without a key, or what a key does."""
    what, _, which = command_id.partition(":")
    if what in _ACTS:
        await _ACTS[what](desk, which)
    else:
        desk.press(command_id)


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


async def _page(desk: Desk, page: str) -> None:
    await looking.PAGES[page](desk)


async def _key(desk: Desk, rule: str) -> None:
    await acting.preview(desk, rule, desk.runbook.mitigations[rule].title if desk.runbook else rule)


async def _checks(desk: Desk, _which: str) -> None:
    await looking.read_checks(desk)


async def _theme(desk: Desk, name: str) -> None:
    desk.wear(name)


async def _disarm(desk: Desk, _which: str) -> None:
    desk.session.disarm()
    desk.say("Read-only again.", "ok")


async def _stop_waiting(desk: Desk, _which: str) -> None:
    await desk.session.cancel_watch()
    desk.say("Nobody waits any longer; what the cluster has now is on the timeline.", "ok")


async def _reset(desk: Desk, rule: str) -> None:
    await desk.session.reset_breaker(rule)
    desk.say(f"{rule} may be tried again.", "ok")


async def _hand_on(desk: Desk, _which: str) -> None:
    path = await desk.session.hand_on()
    desk.say(f"The incident is in {path}; on the other machine: leeward import FILE", "ok")


_ACTS = {
    "page": _page,
    "key": _key,
    "milestones": milestones.show,
    "handover-page": handover.show,
    "return-card": returning.show,
    "checks": _checks,
    "theme": _theme,
    "disarm": _disarm,
    "stop-waiting": _stop_waiting,
    "reset": _reset,
    "hand-on": _hand_on,
}
