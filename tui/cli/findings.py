"""What was tested and how it is: a line each, or JSON; and the exit code that it comes to."""

from collections.abc import Sequence

import click

from tui.cli import CANNOT_TELL, PROBLEM, WELL
from tui.cli.output import GLYPHS, put_json
from tui.model.finding import Finding
from tui.model.reading import State
from tui.model.text import clean


def put_findings(findings: Sequence[Finding], *, as_json: bool) -> int:
    """Print them; answers the exit code."""
    if as_json:
        put_json({"checks": [_data(finding) for finding in findings]})
    else:
        for finding in findings:
            _tell(finding)
    states = {finding.state for finding in findings}
    if State.FAIL in states:
        return PROBLEM
    return CANNOT_TELL if State.UNKNOWN in states else WELL


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
