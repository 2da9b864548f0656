"""When the provider counts as recovered: by a share of the last completions, none of them old."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import START
from tui.model.recovery import Rule, Window

RULE = Rule()


def fed(window: Window, answers: list[bool], start: int = 0) -> list[str]:
    return [window.add(START + (start + n) * window.rule.every, good) for n, good in enumerate(answers)]


def test_the_default_is_nineteen_of_twenty_over_ten_minutes() -> None:
    assert (RULE.needed, RULE.completions, RULE.over) == (19, 20, timedelta(minutes=10))


def test_twenty_good_ones_are_needed_however_good_the_first_nineteen_are() -> None:
    window = Window(RULE)
    assert fed(window, [True] * 19) == [""] * 19
    assert fed(window, [True], 19) == ["recovered"]
    assert window.since == START + 19 * RULE.every


def test_one_bad_one_is_forgiven_and_two_are_not() -> None:
    one, two = Window(RULE), Window(RULE)
    assert fed(one, [False] + [True] * 19)[-1] == "recovered"
    assert fed(two, [False, False] + [True] * 18)[-1] == ""


def test_it_announces_once_and_takes_it_back_with_the_second_failure() -> None:
    window = Window(RULE)
    fed(window, [True] * 20)
    assert fed(window, [True, False, True], 20) == ["", "", ""]
    assert fed(window, [False], 23) == ["relapsed"]
    assert (window.since, window.asked) == (None, 0)
    assert fed(window, [True] * 20, 24)[-1] == "recovered"


def test_old_answers_count_no_more() -> None:
    window = Window(RULE)
    fed(window, [True] * 19)
    assert window.add(START + timedelta(hours=2), True) == ""
    assert window.asked == 1


RULES = st.builds(
    Rule, st.integers(1, 30), st.floats(0.05, 1.0), st.integers(1, 60).map(lambda s: timedelta(seconds=s))
)


@given(RULES, st.lists(st.booleans(), max_size=120))
def test_recovery_is_announced_exactly_when_the_last_completions_say_so(
    rule: Rule, answers: list[bool]
) -> None:
    window, since_relapse, announced = Window(rule), 0, False
    for number, event in enumerate(fed(window, answers)):
        last = answers[since_relapse : number + 1][-rule.completions :]
        enough = len(last) == rule.completions and sum(last) >= rule.needed
        if announced:
            failing = len(last) - sum(last) > rule.completions - rule.needed
            assert event == ("relapsed" if failing else "")
            if failing:
                announced, since_relapse = False, number + 1
        else:
            assert event == ("recovered" if enough else "")
            announced = enough


@given(RULES)
def test_what_is_needed_is_never_less_than_the_share_nor_more_than_all(rule: Rule) -> None:
    assert 1 <= rule.needed <= rule.completions
    assert rule.needed >= rule.completions * rule.share - 1e-6
