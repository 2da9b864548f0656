"""The command line: one face of the program. stdout carries data alone, stderr the rest.

Each command is a module of its own, imported when it is called: `leeward --help`, `note` and
`show` answer within a quarter of a second because they load nothing that they do not need. The
help texts of the commands therefore stand here.
"""

import errno
import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from tui import __version__

# Exit codes, as scripts rely on them.
WELL = 0
PROBLEM = 1
USAGE = 2
CANNOT_TELL = 3

# name -> where its click command is, and what `--help` says of it.
COMMANDS: dict[str, tuple[str, str]] = {
    "triage": ("tui.cli.triage:command", "Run every check once, and say what is wrong."),
    "doctor": (
        "tui.cli.doctor:command",
        "Test the settings and the runbook, and say how to mend what fails.",
    ),
    "drill": ("tui.cli.drill:command", "Open the console in a simulated world."),
    "incidents": ("tui.cli.incidents:command", "List past and open incidents."),
    "join": ("tui.cli.join:command", "Open the console on an incident that others work already."),
    "show": ("tui.cli.show:command", "Show one incident's entries."),
    "export": ("tui.cli.export:command", "Write an incident into one file, to carry to another machine."),
    "import": ("tui.cli.import_:command", "Take in an incident that another machine exported."),
    "note": ("tui.cli.note:command", "Add a note to an incident; print its entry id."),
    "redact": ("tui.cli.redact:command", "Remove the content of an entry for good; the chain stays whole."),
    "postmortem": ("tui.cli.postmortem:command", "Write an incident's postmortem from its record."),
    "evidence": ("tui.cli.evidence:command", "Collect an incident's evidence into one redacted archive."),
    "verify": ("tui.cli.verify:command", "Check the hash chain of an incident's journal."),
    "share": ("tui.cli.share:command", "Set up, check and tend the place where several consoles meet."),
    "runbook": ("tui.cli.runbook:command", "Check a runbook, or show the one in use."),
}
CONSOLE = "tui.cli.console:open_console"

NO_TERMINAL = """\
leeward: this is no terminal, so the console cannot open. Without one:
  leeward triage            every check once, then the diagnosis (--json for scripts)
  leeward incidents         past and open incidents
  leeward show ID           one incident's entries
  leeward note ID TEXT      add a note
  leeward drill --headless  play a simulated incident through
  leeward --help            everything else"""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the whole program, which stand before the command."""

    config: Path | None = None
    read_only: bool = False
    resume: str = ""
    ascii: bool = False


class OutputLost(Exception):
    """What was to be said did not arrive: the reader left, or the disk that takes stdout is full.

    Not an OSError, of which click would make a failure of its own.
    """

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror)
        self.error = error


class Commands(click.Group):
    """A group whose commands are imported when they are called."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OSError as error:
            # Files are named in their errors; a stream is not.
            if error.filename is None and error.errno in (errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EDQUOT):
                raise OutputLost(error) from error
            raise

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = load(COMMANDS[cmd_name][0])
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, help_text) in COMMANDS.items()])


def load(target: str) -> Any:
    """What `module:attribute` names, imported now."""
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Settings to use."
)
@click.option("--read-only", is_flag=True, help="Change nothing in the cluster: cannot be armed.")
@click.option("--resume", metavar="ID", default="", help="Open the console on this incident.")
@click.option("--ascii", "ascii_", is_flag=True, help="Draw with ASCII characters alone.")
@click.version_option(__version__, prog_name="leeward", message="%(prog)s %(version)s")
@click.pass_context
def leeward(ctx: click.Context, config: Path | None, read_only: bool, resume: str, ascii_: bool) -> None:
    """The incident console for services that depend on the Mistral AI API.

    Without a command it opens the console. Exit codes: 0 all is well, 1 a problem was found, 2 the
    call or the settings are wrong, 3 cannot tell.
    """
    ctx.obj = Options(config, read_only, resume, ascii_)
    if ctx.invoked_subcommand is None:
        ctx.exit(_open_console(ctx.obj))


def _open_console(options: Options) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        click.echo(NO_TERMINAL, err=True)
        return USAGE
    code: int | None = load(CONSOLE)(options)
    return code or WELL
