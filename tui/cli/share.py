"""`leeward share`: the place where several consoles meet, seen from outside of an incident."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from tui.cli import USAGE, WELL, Options
from tui.cli.output import Failure, failing_in_words, narrate, put_bytes
from tui.settings import Settings, load

if TYPE_CHECKING:
    from tui.model.finding import Finding

DEFAULT_NAMESPACE = "leeward"


@click.group("share")
def command() -> None:
    """Set up, check and tend the place where several consoles meet."""


WHOM = "GROUP, or group:NAME, user:NAME, serviceaccount:NAMESPACE:NAME; may be given more than once."


@command.command("manifest")
@click.option("--responders", multiple=True, metavar="WHO", help=f"Who works incidents. {WHOM}")
@click.option("--readers", multiple=True, metavar="WHO", help="Who looks on.")
@click.option("--keepers", multiple=True, metavar="WHO", help="Who may also remove entries.")
@click.pass_obj
@failing_in_words
def manifest(
    options: Options, responders: tuple[str, ...], readers: tuple[str, ...], keepers: tuple[str, ...]
) -> int:
    """Print what an administrator applies once: namespace, definition, Roles, and who has them.

    leeward share manifest --responders oncall | kubectl apply -f -
    """
    from tui.sharing import manifest as made

    namespace = load(options.config, os.environ).settings.sharing.namespace
    if not namespace:
        namespace = DEFAULT_NAMESPACE
        narrate(f"sharing.namespace is not set; this is for {namespace!r}.")
    try:
        given = [tuple(map(made.subject, names)) for names in (responders, readers, keepers)]
    except ValueError as error:
        raise Failure(str(error), USAGE) from error
    put_bytes(made.manifest(namespace, *given).encode())
    return WELL


@command.command("check")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.pass_obj
@failing_in_words
def check(options: Options, as_json: bool) -> int:
    """Say whether consoles can meet there: definition, permissions, clock, and how to mend what fails.

    Nothing is written. Exit codes: 0 all is well, 1 something must be mended, 2 the settings are wrong or
    nothing is shared, 3 cannot tell.
    """
    from tui.cli.findings import put_findings
    from tui.cli.running import leave, run
    from tui.cli.sharing import shared

    return leave(put_findings(run(_checked(shared(options))), as_json=as_json))


async def _checked(settings: Settings) -> "tuple[Finding, ...]":
    from tui.cli.at_hand import redactor
    from tui.cli.sharing import door, once
    from tui.sharing import checking

    async with door(settings, redactor(settings)) as place:
        found = await checking.check(place)
        return tuple(replace(finding, remedy=once(finding.remedy)) for finding in found)


@command.command("sync")
@click.argument("incident_id", metavar="ID")
@click.pass_obj
@failing_in_words
def sync(options: Options, incident_id: str) -> int:
    """Exchange an incident with the shared place once, without a console; print its id.

    What is there and not here comes, what is here and not there goes, and redactions are finished. Exit
    codes: 0 both have the same, 1 something is left, which is said, 3 the place does not answer.
    """
    from tui.cli import syncing
    from tui.cli.running import leave, run

    code = run(syncing.sync(options, incident_id))
    click.echo(incident_id)
    return leave(code)


@command.command("prune")
@click.option(
    "--older-than", metavar="AGE", default="30d", show_default=True, help="Closed longer ago than this."
)
@click.option("--yes", is_flag=True, help="Do not ask: what is removed does not come back.")
@click.pass_obj
@failing_in_words
def prune(options: Options, older_than: str, yes: bool) -> int:
    """Remove closed incidents from the shared place, after asking; print the id of each that is gone.

    Consoles keep their copies. What was redacted and is still there is removed, too. It takes the Role
    leeward-keeper.
    """
    from tui.cli import pruning
    from tui.cli.running import leave, run

    return leave(run(pruning.prune(options, older_than, yes)))
