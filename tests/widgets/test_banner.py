"""The banner fits every width, drops what matters least, and sends only what a tick changed."""

from dataclasses import replace

import pytest

from tests.widgets.looks import BANNER, KEYS, Tiny
from widgets.banner import Banner, BannerView
from widgets.glyphs import ASCII
from widgets.keybar import KeyBar
from widgets.message import MessageLine

HELD = replace(BANNER, leases=("held: MAX_CONCURRENT_MISTRAL=3 until 17:22",))


async def shown(view: BannerView, width: int) -> list[str]:
    banner = Banner()
    async with Tiny(banner).run_test(size=(width, 5)) as pilot:
        banner.show(view)
        await pilot.pause()
        return banner.lines_now()


async def test_all_is_there_at_120() -> None:
    first, second = await shown(BANNER, 120)
    for words in (
        "inc-20261123-1503-7f3a",
        "rate limited",
        "P2 acknowledged in 4 min",
        "INVESTIGATING",
        "open 19 min",
    ):
        assert words in first
    for words in (
        "prod-eu / prod / mistral-service",
        "you: responder",
        "READ-ONLY",
        "next update in 4 min (u)",
    ):
        assert words in second


@pytest.mark.parametrize("width", [40, 60, 80, 99, 100, 120, 200])
@pytest.mark.parametrize(
    "view", [BANNER, HELD, replace(HELD, drill="DRILL", notice="held by another console")]
)
async def test_it_always_fits_and_always_says_where_and_whether_armed(view: BannerView, width: int) -> None:
    first, second = await shown(view, width)
    assert len(first) == len(second) == width
    assert "prod-eu" in second
    assert "READ-ONLY" in first + second
    assert "P2" in first


async def test_at_80_a_held_change_has_the_room_that_is_left_and_none_is_hidden() -> None:
    two = replace(
        BANNER, update="", leases=("OVERWRITTEN by kubectl-set: MAX_CONCURRENT_MISTRAL", "held: B=1")
    )
    _, second = await shown(two, 80)
    assert "OVERWRITTEN by kubectl-set: MAX" in second
    assert second.rstrip().endswith("+1")


@pytest.mark.parametrize("width", [60, 80])
async def test_who_has_command_is_told_where_there_is_room_for_it(width: int) -> None:
    named = "with ada, bo on web1 and cy on web2, process 4711; dee silent"
    many = (f"{named} 40 s", named, "with 2, 1 silent")
    crowded = replace(BANNER, company=many, command="command: ada on vm 9590")
    third = (await shown(crowded, width))[2]
    assert third.strip() == "with 2, 1 silent   command: ada on vm 9590"
    full = replace(crowded, under_change=("ada changes the target: " + "x" * 60, "ada changes the target"))
    third = (await shown(replace(full, shared=("away 3 min, 4 wait", "away")), 60))[2]
    assert "with 2, 1 silent" in third and "ada changes the target" in third and "away" in third


async def test_at_60_severity_status_and_arming_stay() -> None:
    first, second = await shown(BANNER, 60)
    assert all(words in first for words in ("rate limited", "P2", "INVESTIGATING", "READ-ONLY"))
    assert "update in 4 min" in second


async def test_a_lease_is_told_at_80_and_crowds_out_the_user_first() -> None:
    _, second = await shown(HELD, 80)
    assert "held: MAX_CONCURRENT" in second
    assert "responder" not in second


async def test_armed_is_a_mark_and_a_word() -> None:
    _, second = await shown(replace(BANNER, armed=True, arming="ARMED 14 min"), 120)
    assert "▲ ARMED 14 min" in second


async def test_a_drill_is_marked_first() -> None:
    first, _ = await shown(replace(BANNER, drill="DRILL"), 60)
    assert first.startswith(" DRILL ")


async def test_a_tick_sends_little_and_the_same_view_nothing() -> None:
    banner = Banner()
    app = Tiny(banner)
    async with app.run_test(size=(120, 5)) as pilot:
        banner.show(BANNER)
        await pilot.pause()
        app.sent.clear()
        banner.show(replace(BANNER))
        await pilot.pause()
        assert app.sent == []
        banner.show(replace(BANNER, open_for="open 20 min"))
        await pilot.pause()
        assert "open 20 min" in "".join(app.sent)
        assert len("".join(app.sent)) < 120


async def test_the_clock_of_the_keybar_sends_itself_alone() -> None:
    bar = KeyBar()
    app = Tiny(bar)
    async with app.run_test(size=(120, 3)) as pilot:
        bar.show_keys(KEYS)
        bar.show_clock("15:22 UTC")
        await pilot.pause()
        app.sent.clear()
        bar.show_clock("15:22 UTC")
        bar.show_keys(tuple(KEYS))
        await pilot.pause()
        assert app.sent == []
        bar.show_clock("15:23 UTC")
        await pilot.pause()
        assert len("".join(app.sent)) < 80


@pytest.mark.parametrize(("width", "there", "gone"), [(120, "palette", ""), (60, "mitigate", "palette")])
async def test_keys_are_dropped_from_the_right(width: int, there: str, gone: str) -> None:
    bar = KeyBar()
    bar.show_keys(KEYS)
    bar.show_clock("15:22 UTC")
    async with Tiny(bar).run_test(size=(width, 3)) as pilot:
        await pilot.pause()
        (line,) = bar.lines_now()
        assert there in line
        assert "15:22 UTC" in line
        assert not gone or gone not in line
        assert len(line) == width


async def test_the_clock_goes_before_the_first_keys_do() -> None:
    bar = KeyBar()
    bar.show_keys(KEYS)
    bar.show_clock("15:22 UTC")
    async with Tiny(bar).run_test(size=(44, 3)) as pilot:
        await pilot.pause()
        (line,) = bar.lines_now()
        assert "n note" in line
        assert "UTC" not in line


async def test_the_message_line_keeps_its_place_and_says_its_state_by_a_mark() -> None:
    line = MessageLine(glyphs=ASCII)
    async with Tiny(line).run_test(size=(40, 3)) as pilot:
        assert line.size.height == 1
        line.show("the word → not that one", "fail")
        await pilot.pause()
        assert line.lines_now() == [" x the word -> not that one".ljust(40)]
        line.show("")
        await pilot.pause()
        assert line.size.height == 1
        assert "".join(line.lines_now()).strip() == ""


async def test_a_long_title_has_the_room_that_is_left() -> None:
    title = "1 open incident of yesterday evening, 20 h: i resumes"
    first, _ = await shown(BannerView(title=title, context="prod-eu", arming="READ-ONLY"), 80)
    assert title in first
    first, _ = await shown(replace(BANNER, title="x" * 90), 100)
    assert first.count("x") > 30
    assert "INVESTIGATING" in first


@pytest.mark.parametrize(
    ("role", "seen", "unseen"),
    [
        ("", "held: MAX_CONCURRENT_MISTRAL=3 until 17:22", "update"),
        ("warn", "update overdue 3 min", "until 17:22"),
    ],
)
async def test_what_is_held_is_whole_in_a_narrow_window_unless_the_update_is_due(role, seen, unseen) -> None:
    view = BannerView(
        context="prod-eu",
        namespace="prod",
        deployment="mistral-service",
        leases=("held: MAX_CONCURRENT_MISTRAL=3 until 17:22",),
        armed=True,
        update="update overdue 3 min (u)" if role else "next update in 29 min (u)",
        update_role=role,
    )
    said = "\n".join(await shown(view, 80))
    assert seen in said
    assert unseen not in said


COMPANY = replace(
    HELD,
    company=(
        "with bo (clock +3 min), cy; dee silent 40 s",
        "with bo, cy; dee silent 40 s",
        "with 2, 1 silent",
    ),
    command="command: bo",
    under_change=("bo changes the target: Raise timeout", "bo changes the target"),
    shared=("shared place away 3 min, 4 entries wait", "away 3 min, 4 wait", "away, 4 wait", "away"),
)


@pytest.mark.parametrize("width", [120, 80, 60, 44])
async def test_company_has_a_line_of_its_own_and_takes_nothing_from_the_others(width: int) -> None:
    lines = await shown(COMPANY, width)
    assert lines[:2] == await shown(HELD, width)
    assert len(lines) == 3
    assert "▲" in lines[2] and "away" in lines[2], "how the place stands is never dropped"
    assert len(lines[2]) == width


async def test_company_is_told_in_fewer_words_where_it_is_narrow() -> None:
    assert "clock +3 min" in (await shown(replace(COMPANY, shared=(), under_change=()), 80))[2]
    narrow = (await shown(COMPANY, 80))[2]
    assert "bo changes the target" in narrow and "away" in narrow
    assert "with 2, 1 silent" in (await shown(COMPANY, 60))[2]


async def test_without_company_there_are_two_lines() -> None:
    banner = Banner()
    async with Tiny(banner).run_test(size=(80, 5)) as pilot:
        for view, tall in ((COMPANY, 3), (HELD, 2), (COMPANY, 3)):
            banner.show(view)
            await pilot.pause()
            assert banner.size.height == tall == len(banner.lines_now())
