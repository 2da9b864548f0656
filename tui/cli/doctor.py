"""`leeward doctor`: tests everything that the console will rely on, and says how to mend it."""

import os

import click

from tui.cli import CANNOT_TELL, PROBLEM, WELL, Options
from tui.cli.loading import settings_of
from tui.cli.output import GLYPHS, failing_in_words, put_json
from tui.cli.running import leave, run
from tui.model.clock import SystemClock
from tui.model.reading import State
from tui.model.text import clean
from tui.session.doctor import Finding, examine
from tui.settings import state_dir


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.pass_obj
@failing_in_words
def command(options: Options, as_json: bool) -> int:
    """Test each setting, target, permission, query and link of the runbook.

    Exit codes: 0 all is well, 1 something must be mended, 2 the settings are wrong, 3 cannot tell.
    """
    findings = run(examine(settings_of(options), SystemClock(), os.environ, state_dir(os.environ)))
    if as_json:
        put_json({"checks": [_data(finding) for finding in findings]})
    else:
        for finding in findings:
            _tell(finding)
    return leave(_code(findings))


def _data(finding: Finding) -> dict[str, str | None]:
    return {
        "name": finding.name,
        "state": finding.state.value,
        "summary": finding.summary,
        "remedy": finding.remedy or None,
    }


def _tell(finding: Finding) -> None:
    state = f"{GLYPHS[finding.state]} {finding.state}"
    click.echo(f"{state:<10}{finding.name:<44}{clean(finding.summary)}")
    if finding.remedy:
        click.echo(f"{'':<10}{'':<44}{clean(finding.remedy)}")


def _code(findings: tuple[Finding, ...]) -> int:
    states = {finding.state for finding in findings}
    if State.FAIL in states:
        return PROBLEM
    return CANNOT_TELL if State.UNKNOWN in states else WELL
