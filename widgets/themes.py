"""Three themes, and what each meaning looks like in them.

A meaning (a *role*) is one word, such as `fail` or `dim`; widgets name roles and never colours.
The hues of ok, warn and fail are Okabe and Ito's, which stay apart for the common kinds of
colour blindness; a glyph and a word always say the same.
"""

from collections.abc import Mapping
from functools import lru_cache

from rich.style import Style
from textual.theme import BUILTIN_THEMES, Theme

ROLES = (
    "", "bold", "dim", "ok", "warn", "fail", "unknown", "unset", "live", "accent", "key", "frame",
    "frame-focused", "title", "cursor", "drill", "armed", "added", "removed",
    "series-0", "series-1", "series-2", "series-3", "series-4",
    "env", "env-red", "env-orange", "env-yellow", "env-green", "env-blue", "env-purple", "env-grey",
)  # fmt: skip

_DARK: Mapping[str, str] = {
    "bold": "bold",
    "dim": "#8b949e",
    "ok": "#2bc4a0",
    "warn": "#e6a817",
    "fail": "bold #ff7b4f",
    "unknown": "#7cc5f2",
    "unset": "#8b949e",
    "live": "bold #ffffff",
    "accent": "#7cc5f2",
    "key": "bold #7cc5f2",
    "frame": "#4b5563",
    "frame-focused": "#7cc5f2",
    "title": "bold",
    "cursor": "#ffffff on #2f4a63",
    "drill": "bold #10141a on #cc79a7",
    "armed": "bold #10141a on #e6a817",
    "added": "#2bc4a0",
    "removed": "#ff7b4f",
    "series-0": "#ff7b4f",
    "series-1": "#7cc5f2",
    "series-2": "#f0e442",
    "series-3": "#cc79a7",
    "series-4": "#2bc4a0",
    "env": "bold",
    "env-red": "bold #ffffff on #a8321a",
    "env-orange": "bold #10141a on #e69f00",
    "env-yellow": "bold #10141a on #f0e442",
    "env-green": "bold #10141a on #2bc4a0",
    "env-blue": "bold #ffffff on #0b61a4",
    "env-purple": "bold #10141a on #cc79a7",
    "env-grey": "bold #ffffff on #4b5563",
}

_LIGHT: Mapping[str, str] = {
    "bold": "bold",
    "dim": "#5b6470",
    "ok": "#00694f",
    "warn": "#8a5a00",
    "fail": "bold #b02a00",
    "unknown": "#005a94",
    "unset": "#5b6470",
    "live": "bold #000000",
    "accent": "#005a94",
    "key": "bold #005a94",
    "frame": "#a5adb8",
    "frame-focused": "#005a94",
    "title": "bold",
    "cursor": "#000000 on #bcd9f0",
    "drill": "bold #ffffff on #8f3d6c",
    "armed": "bold #000000 on #e69f00",
    "added": "#00694f",
    "removed": "#b02a00",
    "series-0": "#b02a00",
    "series-1": "#005a94",
    "series-2": "#7a6a00",
    "series-3": "#8f3d6c",
    "series-4": "#00694f",
    "env": "bold",
    "env-red": "bold #ffffff on #a8321a",
    "env-orange": "bold #000000 on #e69f00",
    "env-yellow": "bold #000000 on #f0e442",
    "env-green": "bold #ffffff on #00694f",
    "env-blue": "bold #ffffff on #005a94",
    "env-purple": "bold #ffffff on #8f3d6c",
    "env-grey": "bold #ffffff on #5b6470",
}

# Only attributes and the terminal's own sixteen colours, so that it looks as the person set it.
_ANSI: Mapping[str, str] = {
    "bold": "bold",
    "dim": "dim",
    "ok": "green",
    "warn": "bold yellow",
    "fail": "bold red",
    "unknown": "cyan",
    "unset": "dim",
    "live": "bold",
    "accent": "cyan",
    "key": "bold cyan",
    "frame": "dim",
    "frame-focused": "bold",
    "title": "bold",
    "cursor": "reverse",
    "drill": "bold reverse magenta",
    "armed": "bold reverse yellow",
    "added": "green",
    "removed": "red",
    "series-0": "red",
    "series-1": "cyan",
    "series-2": "yellow",
    "series-3": "magenta",
    "series-4": "green",
    "env": "bold",
    "env-red": "bold reverse red",
    "env-orange": "bold reverse yellow",
    "env-yellow": "bold reverse yellow",
    "env-green": "bold reverse green",
    "env-blue": "bold reverse blue",
    "env-purple": "bold reverse magenta",
    "env-grey": "bold reverse",
}

DARK = Theme(
    name="leeward-dark",
    primary="#7cc5f2",
    secondary="#cc79a7",
    warning="#e6a817",
    error="#ff7b4f",
    success="#2bc4a0",
    accent="#7cc5f2",
    foreground="#e6edf3",
    background="#10141a",
    surface="#10141a",
    panel="#1a212b",
    dark=True,
)

LIGHT = Theme(
    name="leeward-light",
    primary="#005a94",
    secondary="#8f3d6c",
    warning="#8a5a00",
    error="#b02a00",
    success="#00694f",
    accent="#005a94",
    foreground="#1c2128",
    background="#fbfbf9",
    surface="#fbfbf9",
    panel="#eceff2",
    dark=False,
)

ANSI = Theme(
    name="leeward-ansi",
    primary="ansi_blue",
    secondary="ansi_cyan",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    accent="ansi_cyan",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    ansi=True,
    variables={
        **BUILTIN_THEMES["ansi-dark"].variables,
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
    },
)

THEMES = (DARK, LIGHT, ANSI)


def roles(theme: str, dark: bool, ansi: bool) -> Mapping[str, Style]:
    """What each role looks like in a theme; other people's themes get the nearest of ours."""
    if ansi or theme == ANSI.name:
        return _parsed("ansi")
    return _parsed("dark" if dark else "light")


@lru_cache(maxsize=3)
def _parsed(which: str) -> Mapping[str, Style]:
    table = {"dark": _DARK, "light": _LIGHT, "ansi": _ANSI}[which]
    return {role: Style.parse(table.get(role, "")) for role in ROLES}


def env_role(colour: str) -> str:
    """The role of an environment's colour, as the settings name it; `env` for any other."""
    return f"env-{colour}" if f"env-{colour}" in ROLES else "env"
