"""Login plugins as people have them: real programs, run for a kubeconfig's user."""

import json
from pathlib import Path
from typing import Any

import yaml

_SCRIPT = """#!/bin/sh
# What it does is said by a file, so that a test can change its mind in the middle.
cd {folder}
echo run >> runs
case $(cat mode) in
  good) cat credential ;;
  fails) echo 'the session has ended: sign in again' >&2; exit 1 ;;
  hangs) exec sleep 600 ;;
  asks)
    printf 'Password: ' > /dev/tty
    printf 'Password: '
    { read -r answer < /dev/tty && echo "$answer" >> heard; } 2> /dev/null
    read -r answer && echo "$answer" >> heard
    exec sleep 600 ;;
  garbage) printf 'Welcome!\\033[31m\\n<html>sign in</html>' ;;
  floods) head -c 3000000 /dev/zero | tr '\\0' x ;;
  expired) cat expired ;;
esac
"""
BROKEN = ("fails", "hangs", "asks", "garbage", "floods", "expired")


class LoginPlugin:
    """One plugin, beside a kubeconfig that it is written into.

    Args:
        folder: its own, for the program and what it reads and writes.
        kubeconfig: the file whose only user is to log in by it.
        token: what it gives at first.
    """

    def __init__(self, folder: Path, kubeconfig: Path, token: str) -> None:
        self._folder = folder
        folder.mkdir()
        program = folder / "sign-in"
        program.write_text(_SCRIPT.replace("{folder}", str(folder)))
        program.chmod(0o700)
        self.gives(token)
        ended = self._credential(token, expirationTimestamp="2020-01-01T00:00:00Z")
        (folder / "expired").write_text(ended)
        self.does("good")
        config: dict[str, Any] = yaml.safe_load(kubeconfig.read_text())
        config["users"][0]["user"] = {
            "exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": str(program),
                "interactiveMode": "IfAvailable",
            }
        }
        kubeconfig.write_text(yaml.safe_dump(config))

    def does(self, mode: str) -> None:
        """What it does from now on: "good", or one of `BROKEN`."""
        (self._folder / "mode").write_text(mode)

    def gives(self, token: str) -> None:
        """The token that it gives from now on, when it is good."""
        (self._folder / "credential").write_text(self._credential(token))

    @staticmethod
    def _credential(token: str, **more: str) -> str:
        said = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
        return json.dumps({**said, "status": {"token": token, **more}})

    @property
    def runs(self) -> int:
        """How often it was run."""
        runs = self._folder / "runs"
        return len(runs.read_text().splitlines()) if runs.exists() else 0

    @property
    def heard(self) -> str:
        """What it could read of a terminal, or of its standard input."""
        heard = self._folder / "heard"
        return heard.read_text() if heard.exists() else ""
