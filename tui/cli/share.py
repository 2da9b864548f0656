"""`leeward share`: the place where several consoles meet, seen from outside of an incident."""

import contextlib
import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import click

from tui.cli import USAGE, WELL, Options
from tui.cli.output import Failure, failing_in_words, narrate, put_bytes
from tui.settings import Settings, load

if TYPE_CHECKING:
    from tui.clients.shared_place import SharedPlace
    from tui.sharing.checking import Told

NOT_SET = (
    "Nothing is shared: sharing.namespace is not set. Write it into the settings, such as leeward; "
    "docs/sharing.md has every step."
)
DEFAULT_NAMESPACE = "leeward"


@click.group("share")
def command() -> None:
    """Set up, check and tend the place where several consoles meet."""


def shared(options: Options) -> Settings:
    """The settings, where they name a shared place. Raises Failure where they do not, SettingsError."""
    settings = load(options.config, os.environ).settings
    if not settings.sharing.namespace:
        raise Failure(NOT_SET, USAGE)
    return settings


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator["SharedPlace"]:
    """The shared place of the settings, closed at the end."""
    from tui.cli.note import secrets_at_hand
    from tui.clients.shared_place import SharedPlace
    from tui.model.redaction import Redactor

    place = SharedPlace(settings, Redactor(secrets_at_hand(settings, os.environ)))
    try:
        yield place
    finally:
        await place.close()


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

    return leave(put_findings(run(_checked(shared(options))), as_json=as_json))


async def _checked(settings: Settings) -> "tuple[Told, ...]":
    from tui.sharing import checking

    async with opened(settings) as place:
        return await checking.check(place)
