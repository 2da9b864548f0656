"""Waiting after failures: ever longer, and never for two consoles the same."""

from itertools import pairwise
from random import Random

from tui.sharing.pausing import FIRST, LONGEST, Backoff

FAILURES = 12


def waits(seed: int) -> list[float]:
    backoff = Backoff(Random(seed))
    return [backoff.next() for _ in range(FAILURES)]


def test_each_wait_is_anything_up_to_twice_as_much_as_the_one_before_and_at_most_half_a_minute() -> None:
    many = [waits(seed) for seed in range(400)]
    for failure in range(FAILURES):
        most = min(FIRST * 2**failure, LONGEST)
        found = sorted(one[failure] for one in many)
        assert 0 <= found[0] < most / 10
        assert most * 0.9 < found[-1] <= most
        assert most * 0.4 < found[len(found) // 2] < most * 0.6


def test_consoles_that_lost_the_server_together_do_not_come_back_together() -> None:
    backs = sorted(sum(waits(seed)[:6]) for seed in range(50))
    assert min(later - earlier for earlier, later in pairwise(backs)) > 0
    assert backs[-1] - backs[0] > 5


def test_what_works_again_or_is_asked_for_by_a_person_begins_anew() -> None:
    backoff = Backoff(Random(3))
    for _ in range(FAILURES):
        backoff.wait(100.0)
    assert not backoff.over(100.0)
    backoff.reset()
    assert backoff.over(100.0)
    assert backoff.next() <= FIRST
