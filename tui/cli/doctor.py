"""`leeward doctor`: tests everything that the console will rely on, and says how to mend it."""

import os

import click

from tui.cli import Options
from tui.cli.findings import put_findings
from tui.cli.loading import settings_of
from tui.cli.output import failing_in_words
from tui.cli.running import leave, run
from tui.model.clock import SystemClock
from tui.session.doctor import examine
from tui.settings import state_dir


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.pass_obj
@failing_in_words
def command(options: Options, as_json: bool) -> int:
    """Test each setting, target, permission, query and link of the runbook, and the shared place.

    Exit codes: 0 all is well, 1 something must be mended, 2 the settings are wrong, 3 cannot tell.
    """
    findings = run(examine(settings_of(options), SystemClock(), os.environ, state_dir(os.environ)))
    return leave(put_findings(findings, as_json=as_json))
