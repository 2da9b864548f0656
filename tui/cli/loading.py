"""The settings that a command works with."""

import os
from dataclasses import replace

import msgspec

from tui.cli import Options
from tui.settings import Loaded, load


def settings_of(options: Options) -> Loaded:
    """File, environment and flags, the later ones winning. Raises SettingsError."""
    loaded = load(options.config, os.environ)
    if options.ascii:
        console = msgspec.structs.replace(loaded.settings.console, ascii=True)
        loaded = replace(loaded, settings=msgspec.structs.replace(loaded.settings, console=console))
    return loaded
