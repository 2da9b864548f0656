"""What the first paint does not need is not loaded before it."""

import subprocess
import sys


def test_the_console_is_loaded_without_any_client() -> None:
    code = (
        "import sys, tui.app, tui.cli.console\n"
        "slow = ['kubernetes', 'prometheus_api_client', 'httpx', 'yaml', 'jinja2', 'aiohttp', 'requests',"
        " 'pandas', 'numpy', 'plotext', 'tui.session.session', 'tui.screens.acting', 'tui.screens.looking']\n"
        "print([name for name in slow if name in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.strip() == "[]"
