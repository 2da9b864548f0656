"""`leeward share`: the place where several consoles meet, seen from outside of an incident."""

import os

import click

from tui.cli import USAGE, WELL, Options
from tui.cli.output import Failure, failing_in_words, narrate, put_bytes
from tui.settings import Sharing, load

NOT_SET = (
    "Nothing is shared: sharing.namespace is not set. Write it into the settings, such as leeward; "
    "docs/sharing.md has every step."
)
DEFAULT_NAMESPACE = "leeward"


@click.group("share")
def command() -> None:
    """Set up, check and tend the place where several consoles meet."""


def wanted(sharing: Sharing) -> Sharing:
    """The settings of sharing. Raises Failure where nothing is shared."""
    if not sharing.namespace:
        raise Failure(NOT_SET, USAGE)
    return sharing


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
