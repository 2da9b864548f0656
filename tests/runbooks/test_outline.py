"""`leeward runbook check` and `show`: stdout is data, problems are on stderr, wrong is exit 2."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.runbooks.test_loader import SMALL
from tui import runbooks
from tui.cli import leeward
from tui.runbooks.loader import load_text
from tui.runbooks.outline import outline


def run(*argv: str) -> Result:
    return CliRunner().invoke(leeward, ["runbook", *argv], standalone_mode=False)


@pytest.fixture
def no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "leeward").mkdir()
    return tmp_path / "leeward" / "config.toml"


def test_a_small_runbook_drawn() -> None:
    assert outline(load_text(SMALL)).startswith(
        "A small runbook (small, version 1)\n"
        "\n"
        "Tree\n"
        "  Is it so?\n"
        "  ├─ so: limited\n"
        "  │  = sick\n"
        "  └─ not so: otherwise\n"
        "     = fine\n"
        "\n"
        "Conditions\n"
        "  limited: mistral_api.http_status is 429\n"
        "\n"
        "sick: It is so (P2)\n"
        "  So it is.\n"
        "  shows    Mistral API\n"
        "  shows    status {mistral_api.http_status}\n"
        "  offers   slower: Go slower\n"
        "  link     A page: https://example.com/page\n"
    )


def test_every_part_of_the_shipped_runbook_is_drawn() -> None:
    book = runbooks.load()
    drawn = outline(book)
    for part in (*book.questions.values(), *book.diagnoses.values(), *book.mitigations.values()):
        assert getattr(part, "text", "") in drawn
        assert getattr(part, "title", "") in drawn
    for diagnosis in book.diagnoses.values():
        assert all(step in drawn for step in diagnosis.do)


def test_show_prints_the_shipped_runbook(no_settings: Path) -> None:
    result = run("show")
    assert result.return_value == 0
    assert result.stdout == outline(runbooks.load())
    assert result.stderr == ""


def test_show_prints_the_one_that_the_settings_name_beside_their_file(no_settings: Path) -> None:
    (no_settings.parent / "mine.yaml").write_text(SMALL)
    no_settings.write_text('runbook = "mine.yaml"\n')
    assert run("show").stdout.startswith("A small runbook")


def test_check_counts_what_it_found_fine(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(SMALL)
    result = run("check", str(file))
    assert result.return_value == 0
    assert result.stdout == f"{file}: fine, 1 question, 2 diagnoses, 1 mitigation\n"


def test_check_names_every_problem_on_stderr_and_exits_2(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(SMALL.replace("then: sick", "then: sikc").replace("risk: low", "risk: no"))
    result = CliRunner().invoke(leeward, ["runbook", "check", str(file)])
    assert result.exit_code == 2
    assert result.stdout == ""
    told = result.stderr.splitlines()
    assert told[0].startswith(f"{file}:")
    assert any("did you mean 'sick'?" in line for line in told)
    assert told[-1] == f"leeward: {len(told) - 1} problems in the runbook"
