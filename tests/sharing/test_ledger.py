"""What is here, what is there, and what follows: the decisions of a copy, without files or servers."""

from collections.abc import Iterable

import pytest

from tests.sharing.lines import line, redaction_of, secretive
from tests.sharing.support import Seen, found_of
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.model.sharing import FoundLine, SharedLine
from tui.record.lines import is_stone
from tui.record.outgoing import stone_of
from tui.sharing.ledger import Ledger, holds_secret, same_entry
from tui.sharing.needs import IncompleteEntry, Stray

INCIDENT = "inc-20261123-1503-7f3a"


def ledger(*here: SharedLine) -> Ledger:
    made = Ledger(INCIDENT)
    made.looked(here)
    return made


def listed(
    books: Ledger,
    found: Iterable[FoundLine],
    incomplete: Iterable[IncompleteEntry] = (),
    strays: Iterable[Stray] = (),
) -> tuple[FoundLine, ...]:
    """A list in one part."""
    books.list_begins()
    news = books.listed(found)
    books.list_ends(incomplete, strays)
    return news


def added(one: SharedLine, uid: str = "u") -> Seen:
    return Seen("added", found_of(one, uid), one.entry, "7")


def deleted(one: SharedLine) -> Seen:
    return Seen("deleted", None, one.entry, "8")


def test_what_is_here_and_not_there_is_sent_in_the_order_of_the_ids() -> None:
    first, second, third = line("a"), line("b"), line("c")
    books = ledger(third, first, second)
    listed(books, [found_of(second, "u")])
    assert books.next(10) == (first, third)
    assert books.next(1) == (first,)
    assert books.unsent == 2


def test_what_is_there_and_not_here_is_taken_in_and_once_only() -> None:
    one, other = line("a"), line("b")
    books = ledger(one)
    assert listed(books, [found_of(one, "u"), found_of(other, "v")]) == (found_of(other, "v"),)
    assert books.saw([added(one), added(other)]) == (found_of(other, "u"),)
    books.looked([other])
    assert books.saw([added(other)]) == ()


def test_what_the_place_lost_is_to_be_looked_up_again() -> None:
    one, other = line("a"), line("b")
    books = ledger(one, other)
    listed(books, [found_of(one, "u"), found_of(other, "v")])
    books.saw([deleted(one)])
    assert books.lost == {one.entry}
    listed(books, [found_of(other, "v")])
    books.put_back()
    assert books.missing() == {one.entry}
    books.looked([one, other])
    assert books.next(9) == (one,)


def test_what_is_deleted_of_a_closed_incident_is_not_put_back() -> None:
    one, other = line("a"), line("b")
    books = ledger(one, other)
    listed(books, [found_of(one, "u"), found_of(other, "v")])
    books.saw([deleted(one)])
    listed(books, [found_of(other, "v")])
    books.let_go()
    assert books.missing() == frozenset()
    books.looked([one])
    assert books.unsent == 0


def test_nothing_is_sent_while_everything_that_was_there_is_gone() -> None:
    """The next list tells whether the incident was pruned."""
    one, new = line("a"), line("b")
    books = ledger(one)
    listed(books, [found_of(one, "u")])
    books.saw([deleted(one)])
    books.looked([new])
    assert books.next(9) == ()


def test_content_that_was_redacted_leaves_as_a_stone() -> None:
    one = line("a", "the customer's name")
    books = ledger(one, redaction_of(one))
    ready, secret = books.made_ready(one, Redactor())
    assert is_stone(ready.line)
    assert not secret
    assert "customer" not in repr(ready)


def test_a_redaction_that_was_taken_in_counts_as_one_of_our_own() -> None:
    from tui.record.lines import parse

    one = line("a", "the customer's name")
    books = ledger(one)
    books.took([parse(redaction_of(one).line.encode())])
    assert is_stone(books.made_ready(one, Redactor())[0].line)


def test_a_secret_that_was_learned_since_leaves_as_a_stone_and_is_said() -> None:
    one = secretive("a", "hunter2hunter2")
    books = ledger(one)
    assert books.made_ready(one, Redactor()) == (one, False)
    ready, secret = books.made_ready(one, Redactor([Secret("hunter2hunter2")]))
    assert secret
    assert "hunter2" not in ready.line
    assert same_entry(ready.line, one.line)


def test_what_has_no_secret_is_what_it_was() -> None:
    assert not holds_secret(line("a", "token: expired; API_KEY=***"), Redactor([Secret("hunter2hunter2")]))


def test_what_is_redacted_here_and_whole_there_is_replaced_once_its_uid_is_known() -> None:
    one = line("a", "the customer's name")
    books = ledger(one)
    books.created(one)
    books.looked([stone_of(one), redaction_of(one)])
    assert books.to_replace() == ()
    books.saw([added(one, "u7")])
    assert books.to_replace() == ((stone_of(one), "u7"),)
    books.deleted(one.entry)
    books.created(stone_of(one))
    assert books.to_replace() == ()
    books.saw([deleted(one), added(stone_of(one), "u8")])
    assert books.to_replace() == ()
    assert books.lost == set()


def test_content_of_an_old_file_does_not_stand_over_a_stone() -> None:
    one = line("a", "the customer's name")
    books = ledger(one)
    books.looked([stone_of(one)])
    books.looked([one])
    assert all(is_stone(ready.line) for ready in books.next(9))


@pytest.mark.parametrize(("other", "said"), [(True, True), (False, False)])
def test_another_line_under_the_same_id_is_said_and_a_stone_is_none(other: bool, said: bool) -> None:
    one = line("a", "what was written")
    there = line("a", "what somebody put there") if other else stone_of(one)
    books = ledger(one)
    books.is_other(one)
    listed(books, [found_of(there, "u")])
    assert bool(books.others) == said
    assert books.unsent == 0


def test_another_line_under_the_id_of_one_that_waits_is_said_as_long_as_it_is_there() -> None:
    one, there = line("a", "what was written"), line("a", "what somebody put there")
    books = ledger(one)
    listed(books, [found_of(there, "u")])
    assert "other content" in books.others[0]
    assert books.unsent == 0
    listed(books, [found_of(there, "u")])
    assert len(books.others) == 1
    books.saw([deleted(one)])
    listed(books, [found_of(one, "v")])
    assert books.others == ()


def test_another_line_that_a_watch_tells_of_is_said_and_no_more_once_ours_is_there() -> None:
    one, there = line("a", "what was written"), line("a", "what somebody put there")
    books = ledger()
    listed(books, [])
    books.looked([one])
    books.saw([added(there)])
    assert len(books.others) == 1
    books.created(one)
    assert books.others == ()


def test_what_was_refused_is_tried_again_after_the_next_list_and_stops_no_other() -> None:
    one, other = line("a"), line("b")
    books = ledger(one, other)
    books.refused(one, "It was refused.")
    assert books.next(9) == (other,)
    assert list(books.problems.values()) == ["It was refused."]
    listed(books, [])
    books.put_back()
    assert one.entry in books.missing()


def test_what_is_created_while_all_is_listed_is_not_taken_for_deleted() -> None:
    one = line("a")
    books = ledger(one)
    books.list_begins()
    books.created(one)
    books.list_ends()
    assert (books.there, books.lost) == (1, set())


def test_a_line_that_was_passed_just_before_it_was_known_to_be_wanted_is_asked_for_once() -> None:
    one = line("a")
    books = ledger()
    assert books.passes(one.entry)
    listed(books, [])
    books.passed([one.entry])
    assert books.unsent == 1
    assert books.wants_lines()
    assert not books.wants_lines()
    books.looked([one])
    assert books.next(9) == (one,)
