"""The preview of each kind of change: what it says, what can be edited, and how it is taken back."""

from dataclasses import replace
from datetime import timedelta

from textual import events

from tests.support import sights
from tui.model.mitigation import Plan
from tui.screens import commands, previews, view
from tui.screens.previews import Room, Stand
from tui.session.snapshot import Arming
from widgets.preview import PreviewView

RESTART = replace(
    sights.PLAN,
    kind="restart",
    variable="restartedAt",
    before=None,
    after="2026-11-23T15:03:11Z",
    hold=timedelta(0),
    reversible=False,
    undo_by_hand="",
    says="restart of 3 pods, last (unset)",
    way_back="a restart cannot be taken back; nothing else changes",
)
ROLLBACK = replace(
    RESTART,
    kind="rollback",
    reversible=True,
    undo_by_hand="kubectl rollout undo",
    says="revision 2 → 1 (release 2.3.1)",
    way_back="forward again to the template of revision 2, if nobody has changed it since",
)
ROTATION = replace(
    RESTART,
    kind="rotate-key",
    variable="secret mistral/api-key",
    before="key 7f3a",
    after="key 91bc",
    says="",
)
SEVERAL = replace(sights.PLAN, more=(("MISTRAL_FALLBACK", "false", "true"),))
COMMAND = replace(
    RESTART,
    kind="command",
    rule=replace(sights.PLAN.rule, confirm="Users wait while the cache fills."),
    target=replace(sights.PLAN.target, uid=""),
    says="run /bin/purge --all",
    way_back="the runbook gives it no way back",
)


def seen(plan: Plan) -> PreviewView:
    return previews.preview(Stand("t", plan), Room(Arming("prod"), arm_for="15 min"))


def rows(plan: Plan) -> dict[str, str]:
    return dict(seen(plan).rows)


def test_a_restart_says_that_it_cannot_be_taken_back_and_promises_nothing_else() -> None:
    view = seen(RESTART)
    assert rows(RESTART)["undo"] == "a restart cannot be taken back; nothing else changes"
    assert "keep" not in rows(RESTART)
    assert view.change == "restart of 3 pods, last (unset)"
    assert [label for label, _ in view.by_hand] == ["by hand"]
    assert not view.editable


def test_a_rollback_says_both_revisions_and_can_name_another() -> None:
    view = seen(ROLLBACK)
    assert view.change == "revision 2 → 1 (release 2.3.1)"
    assert view.editable
    assert rows(ROLLBACK)["keep"] == "it is not temporary: nobody will ask about it later"
    assert [label for label, _ in view.by_hand] == ["by hand", "back"]


def test_several_variables_all_stand_in_the_change() -> None:
    assert seen(SEVERAL).change == "MAX_CONCURRENT_MISTRAL   10 → 3, MISTRAL_FALLBACK   false → true"
    assert rows(SEVERAL)["keep"] == "for 2 h, then you are asked"


def test_a_program_is_shown_with_the_runbooks_words_and_without_an_owner() -> None:
    assert rows(COMMAND)["consider"] == "Users wait while the cache fills."
    assert "owner" not in rows(COMMAND)
    assert seen(COMMAND).change == "run /bin/purge --all"


def test_those_who_use_a_secret_stand_in_the_preview_while_they_are_few() -> None:
    users = tuple(f"used by Deployment app-{n} (MISTRAL_API_KEY in its environment)" for n in range(9))
    few, many = replace(ROTATION, notes=("tested", *users[:4])), replace(ROTATION, notes=("tested", *users))
    assert [label for label, _ in seen(few).rows].count("used by") == 4
    assert not [text for _, text in seen(few).rows if "v shows" in text]
    assert ("", "and by 5 more: v shows them all") in seen(many).rows
    page = [(row.label, row.text) for row in previews.whole(many)]
    assert [text for label, text in page if label == "used by"] == [u.removeprefix("used by ") for u in users]
    assert ("note", "tested") in page
    assert not [text for _, text in page if "v shows" in text]


async def test_v_shows_all_of_a_change_on_a_page_and_comes_back_to_the_preview(console) -> None:  # type: ignore[no-untyped-def]
    users = tuple(f"used by Deployment app-{n} (a volume)" for n in range(9))
    async with console(sights.armed(), (80, 24)) as desk:
        desk.session.plan = replace(ROTATION, notes=users)
        await desk.press("m", "1")
        assert "app-8" not in desk.seen()
        await desk.press("v")
        assert desk.screen == "ReaderScreen"
        assert "app-8" in desk.seen()
        await desk.press("escape")
        assert desk.screen == "PreviewScreen"
        await desk.advance(1.1)
        await desk.press("y")
        assert desk.session.did("approve")


def test_the_palette_ends_the_waiting_and_resets_what_failed_twice() -> None:
    class Desk:
        table = ()
        snapshot = sights.running(tripped=("reduce-concurrency", "of-another-runbook"))
        runbook = sights.RUNBOOK

    named = {command.id: command.name for command in commands.commands(Desk())}  # type: ignore[arg-type]
    assert named["stop-waiting"] == f"Stop waiting for: {Desk.snapshot.running[0].title}"
    title = sights.RUNBOOK.mitigations["reduce-concurrency"].title
    assert named["reset:reduce-concurrency"] == f"Let {title} be tried again after two failures"
    assert "reset:of-another-runbook" not in named
    Desk.snapshot = sights.limited()
    assert "stop-waiting" not in {c.id for c in commands.commands(Desk())}  # type: ignore[arg-type]


def test_what_is_not_settled_is_said_in_the_banner() -> None:
    said = "1 change is not settled yet: the cluster does not answer."
    snapshot = sights.limited(unsettled=said)
    assert view.banner(snapshot, sights.NOW).notice == said


def test_g_copies_the_patch_for_git_and_how_to_keep_the_sync_from_undoing_it() -> None:
    plan = replace(
        sights.PLAN, git_patch="env:\n  - name: A\n", suspend="argocd app set shop --sync-policy none"
    )
    assert previews.for_git(plan).splitlines() == [
        "env:",
        "  - name: A",
        "",
        "# suspends the sync, until you resume it:",
        "argocd app set shop --sync-policy none",
    ]
    assert "suspend" not in previews.for_git(replace(plan, suspend=""))
    told = dict(previews.preview(Stand("t", plan), Room(Arming("w"), arm_for="15 min")).rows)
    assert told[""] == "g copies the patch for git and the suspend command"


async def test_a_word_that_is_typed_ahead_in_one_burst_is_the_word(console) -> None:  # type: ignore[no-untyped-def]
    """Over a slow line Tab, the word and Enter come at once: Tab must not act behind the letters."""
    async with console(sights.limited(), (80, 24)) as desk:
        await desk.press("m", "1")
        panel = desk.app.screen.preview
        for key in ("tab", *"prodeu", "enter"):
            panel.post_message(events.Key(key, key if len(key) == 1 else None))
        await desk.settle()
        assert desk.session.did("arm") == [("arm", "prodeu")]
        assert desk.screen == "PreviewScreen"
