"""The settings that a command works with."""

import os
from dataclasses import replace

from msgspec.structs import replace as replaced

from tui.cli import Options
from tui.settings import Loaded, load


def settings_of(options: Options) -> Loaded:
    """File, environment and flags, the later ones winning. Raises SettingsError."""
    loaded = load(options.config, os.environ)
    if not options.ascii:
        return loaded
    console = replaced(loaded.settings.console, ascii=True)
    return replace(loaded, settings=replaced(loaded.settings, console=console))
