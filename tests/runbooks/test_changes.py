"""Each kind of change in YAML: read as it is written, and every mistake told with its remedy."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.runbooks.test_loader import SMALL, changed, problems
from tui.model.runbook import Command, Direction, EnvChange, MitigationRule, Proof, Restart, Rollback, Scale
from tui.runbooks.loader import load_text
from tui.runbooks.outline import outline

OLD = '    set: {variable: SPEED, value: "3", worse: higher, numeric: true}\n'
JUDGED = "    judged: {query: errors, guards: [requests]}\n"
MEANS = '    means: "{value} of {pods}"\n'
CONFIRM = "    confirm: Users wait.\n"
PAGE = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text()


def with_change(lines: str, *, judged: str = JUDGED, means: str = MEANS) -> str:
    text = changed(OLD, lines)
    return text.replace(JUDGED, judged).replace(MEANS, means)


def rule(text: str) -> MitigationRule:
    return load_text(text).mitigations["slower"]


COMMAND = '    kind: command\n    command: {argv: [/bin/purge, "--all", ""]}\n'
PLAIN = "    means: the cache is emptied\n"


@pytest.mark.parametrize(
    ("lines", "change"),
    [
        ("    kind: restart\n", Restart()),
        ("    kind: rollback\n", Rollback()),
        ("    kind: scale\n    scale: {replicas: 6, worse: lower}\n", Scale(6, Direction.LOWER)),
        (
            '    kind: env\n    set: {variable: A, value: "1", more: {B: "2", C: "3"}}\n',
            EnvChange("A", "1", more=(("B", "2"), ("C", "3"))),
        ),
    ],
)
def test_each_kind_is_read(lines: str, change: object) -> None:
    text = with_change(lines)
    assert rule(text).change == change
    assert rule(text).change.told in outline(load_text(text))


def test_a_command_is_read_to_the_letter() -> None:
    text = with_change(
        "    kind: command\n"
        "    command:\n"
        '      argv: [purge, "a  b", "", "$HOME; rm *"]\n'
        "      undo: [/bin/fill]\n"
        "      deadline: 2m\n"
        "      environment: [CACHE_URL]\n" + CONFIRM,
        means=PLAIN,
        judged="    judged: {command: [/bin/warm], exit_code: 3, deadline: 10s}\n",
    )
    found = rule(text)
    assert found.change == Command(
        ("purge", "a  b", "", "$HOME; rm *"), ("/bin/fill",), timedelta(minutes=2), ("CACHE_URL",)
    )
    assert found.judged.proof == Proof(("/bin/warm",), 3, timedelta(seconds=10))
    assert found.judged.query is None
    assert found.confirm == "Users wait."
    assert "judged   by /bin/warm, exit code 3" in outline(load_text(text))


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("    kind: rollbak\n", "'rollbak' is no kind of change; did you mean 'rollback'?"),
        ("    kind: rotate-keys\n", "'rotate-keys' is no kind of change; did you mean 'rotate-key'?"),
        ("    kind: rotate-key\n    hold: 2h\n", "nothing is leased by the kind 'rotate-key'; take it out"),
        ("    kind: restart\n    scale: {replicas: 3}\n", "unknown key 'scale'"),
        ("    kind: restart\n    hold: 2h\n", "nothing is leased by the kind 'restart'; take it out"),
        ("    kind: scale\n", "lacks 'scale'"),
        ("    kind: scale\n    scale: {replicas: 0}\n", "no number of pods"),
        ('    kind: scale\n    scale: {replicas: "3"}\n', "no number of pods"),
        ("    kind: scale\n    scale: {replicas: true}\n", "no number of pods"),
        ("    kind: scale\n    scale: {}\n", "lacks 'replicas'"),
        ('    set: {variable: A, value: "1", more: {A: "2"}}\n', "'A' is set twice"),
        ('    set: {variable: A, value: "1", more: {"x y": "2"}}\n', "'x y' is no variable's name"),
        ('    set: {variable: A, value: "1", more: {B: 2}}\n', "not a text"),
    ],
)
def test_a_change_that_does_not_fit_is_told_with_its_line(lines: str, told: str) -> None:
    found = problems(with_change(lines))
    assert any(told in problem for problem in found), found
    assert all(re.match(r"my\.yaml:\d+: mitigations\.slower", problem) for problem in found), found


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("{argv: purge --all}", "is one text, and no shell takes it apart"),
        ("{argv: []}", "names no program"),
        ("{}", "lacks 'argv'"),
        ("{argv: [./purge]}", "is a relative path"),
        ("{argv: [purge, 3]}", "not a text"),
        ('{argv: [purge, "a\\nb"]}', "no argument of one plain line"),
        ('{argv: [purge, "\\e[31m"]}', "a character that no screen shows"),
        ("{argv: [purge], deadline: 2h}", "no deadline from 1s to 30m"),
        ("{argv: [purge], deadline: soon}", "no duration"),
        ('{argv: [purge], environment: ["A=1"]}', "'A=1' is no variable's name"),
        ("{argv: [purge], shell: true}", "unknown key 'shell'"),
    ],
)
def test_a_command_that_does_not_fit_is_told(command: str, told: str) -> None:
    found = problems(with_change(f"    kind: command\n    command: {command}\n{CONFIRM}", means=PLAIN))
    assert any(told in problem for problem in found), found


def test_a_command_needs_words_to_confirm_and_fills_nothing_in() -> None:
    found = problems(with_change(COMMAND))
    assert any("lacks 'confirm'" in problem for problem in found)
    assert any("cannot fill in {value}" in problem for problem in found)


@pytest.mark.parametrize(
    ("judged", "told"),
    [
        ("{query: errors, command: [x]}", "cannot both judge it"),
        ("{}", "lacks 'query'"),
        ("{command: x}", "no shell takes it apart"),
        ("{command: [x], exit_code: 256}", "no number from 0 to 255"),
    ],
)
def test_a_judgement_that_does_not_fit_is_told(judged: str, told: str) -> None:
    found = problems(with_change("    kind: restart\n", judged=f"    judged: {judged}\n"))
    assert any(told in problem for problem in found), found


def test_the_page_shows_only_what_can_be_read() -> None:
    """Every example of a kind in docs/runbook.md loads."""
    (text,) = re.findall(r"```yaml\n(kind: env.*?)```", PAGE, re.DOTALL)
    for example in re.split(r"\n\n", text.strip()):
        lines = "".join(f"    {line}\n" for line in example.splitlines())
        assert rule(with_change(lines, means=PLAIN)).change.kind in example
    assert SMALL.count(OLD) == 1
