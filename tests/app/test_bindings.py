"""One table of keys: rebinding, conflicts, names."""

import pytest

from tui.screens.bindings import TABLE, bound, key_name, rebind, shown_key


def test_no_two_bindings_of_one_screen_share_a_key_and_ids_are_unique() -> None:
    keys = [(entry.where, key) for entry in TABLE for key in entry.keys]
    assert len(set(keys)) == len(keys)
    assert len({entry.id for entry in TABLE}) == len(TABLE)


def test_a_binding_takes_the_keys_of_the_settings() -> None:
    table, problems = rebind({"note": "w, ctrl+w", "help": "!"})
    assert problems == ()
    assert bound(table, "note").keys == ("w", "ctrl+w")
    assert bound(table, "help").keys == ("exclamation_mark",)


def test_two_bindings_can_swap_their_keys() -> None:
    table, problems = rebind({"note": "x", "export": "n"})
    assert problems == ()
    assert (bound(table, "note").keys, bound(table, "export").keys) == (("x",), ("n",))


def test_a_key_that_is_taken_is_a_problem_and_nothing_changes_hands() -> None:
    table, problems = rebind({"note": "m"})
    assert len(problems) == 1
    assert "note" in problems[0]
    assert "mitigate" in problems[0]
    assert bound(table, "note").keys == ("n",)
    assert bound(table, "mitigate").keys == ("m",)


def test_a_loser_that_gets_its_old_key_back_may_push_out_who_took_it() -> None:
    table, problems = rebind({"note": "m", "export": "n"})
    assert len(problems) == 2
    assert bound(table, "note").keys == ("n",)
    assert bound(table, "export").keys == ("x",)


def test_an_unknown_id_names_the_nearest() -> None:
    _, problems = rebind({"mitigat": "g", "note": " , "})
    assert "did you mean mitigate?" in problems[0]
    assert "names no key" in problems[1]


@pytest.mark.parametrize(
    ("written", "name", "shown"),
    [
        ("?", "question_mark", "?"),
        ("/", "slash", "/"),
        ("-", "minus", "-"),
        ("N", "N", "N"),
        ("Ctrl+P", "ctrl+p", "Ctrl+P"),
        ("F1", "f1", "F1"),
        ("enter", "enter", "Enter"),
    ],
)
def test_keys_are_written_as_people_write_them(written: str, name: str, shown: str) -> None:
    assert key_name(written) == name
    assert shown_key(name) == shown
