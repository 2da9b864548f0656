"""What is done after a key: the change, its undo, the tree, a note, leaving; the dialogs in their order.

A flow runs as a worker of the app. A SessionError ends it, and the app says it in the message
line. Choices are made from the snapshot of the moment: a list that is open is frozen.
"""

from collections.abc import Sequence

from tui.model.runbook import RotateKey, Runbook
from tui.screens import asking, company, here
from tui.screens.desk import Desk, Flow
from tui.session.snapshot import Action, Snapshot
from widgets.prompt import Choice

_FOLLOW = "follow"
# The kind of change whose preview asks for a new key first.
ROTATES = RotateKey.kind


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
    chosen = await asking.choose(
        desk, "Mitigate: nothing is changed by looking", choices, here.locked(snapshot)
    )
    if chosen is not None:
        await preview(desk, chosen, next(a.title for a in (*fitting, *others) if a.id == chosen))


def _fitting(action: Action, snapshot: Snapshot) -> Choice:
    """A change to look at; what somebody else's lock blocks, too, since its preview waits."""
    hint = f"{action.hint}  {action.risk}".strip()
    if company.locker(snapshot) is not None:
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
        chosen = await asking.choose(
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
    chosen = await asking.choose(desk, "Pin a diagnosis", (follow, *found))
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
    return await asking.choose(desk, "Overrule which answer?", choices)


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
    chosen = await asking.choose(desk, question.text, choices)
    if chosen is not None:
        label = None if chosen == _FOLLOW else ways[int(chosen)].label
        await desk.session.overrule(question_id, label)
        desk.say(f"Overruled: {label}." if label else "The evidence answers again.", "ok")


# The rest


async def note(desk: Desk) -> None:
    """Write a note; the first opens an incident."""
    begun = _open_incident(desk)
    hint = "Enter writes it down; Esc keeps the draft" + ("" if begun else "; this opens an incident")
    text = await asking.ask(desk, "Note", hint=hint, draft="note")
    if text is None:
        return
    await desk.session.note(text, begun)
    desk.drafts.pop("note", None)
    now = _open_incident(desk)
    if begun and not now:
        desk.say(f"Noted in {begun}, which was resolved meanwhile.", "ok")
    elif now != begun:
        desk.say(f"Noted. {now} was opened for it.", "ok")
    else:
        desk.say("Noted.", "ok")


def _open_incident(desk: Desk) -> str:
    incident = desk.snapshot.incident
    return incident.id if incident is not None and incident.open else ""


async def leave(desk: Desk) -> None:
    """Leave. Only a running mitigation asks: it goes on without its verdict."""
    running = desk.snapshot.running
    if running:
        choices = (
            Choice("stay", "Stay until it is done", running[0].text, key="s"),
            Choice("leave", "Leave all the same", "what was sent stays; resuming settles it", key="l"),
        )
        if await asking.choose(desk, f"{running[0].title} is running", choices) != "leave":
            return
    desk.leave()
