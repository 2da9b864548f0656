"""A key inside what a store holds: the whole text, or one member of a JSON object."""

import json
import shlex
from typing import Any

from tui.model.keys import StoreError
from tui.model.secret import Secret

_NO_OBJECT = "{} holds no JSON object, so that there is no {} in it. Nothing was changed."


def taken(value: str, json_key: str, where: str) -> Secret:
    """The key in this value; `json_key` is "" where the value is the key itself.

    Raises StoreError where there is none. Nothing of the value is part of its text.
    """
    found = _object(value, json_key, where).get(json_key) if json_key else value
    if not isinstance(found, str) or not found.strip():
        what = f"no text under {json_key}" if json_key else "nothing"
        raise StoreError(f"{where} holds {what}. Nothing was changed.", _NAME_IT)
    return Secret(found.strip())


def replaced(value: str, json_key: str, where: str, key: Secret) -> str:
    """The value with this key in it; the object's other members stay, in their order."""
    if not json_key:
        return key.reveal()
    return json.dumps({**_object(value, json_key, where), json_key: key.reveal()}, ensure_ascii=False)


def by_hand(json_key: str, get: str, put: str) -> str:
    """The command that stores a key from its standard input; `get` and `put` are the store's own commands.

    Args:
        get: prints the whole value; asked only where the key is one member of it.
        put: stores what it reads from its standard input.
    """
    if not json_key:
        return f"tr -d '[:space:]' | {put}"
    program = '.[$name] = ($key | gsub("\\\\s"; ""))'
    jq = shlex.join(["jq", "-c", "--rawfile", "key", "/dev/stdin", "--arg", "name", json_key, program])
    return f"{jq} <({get}) | {put}"


def text(raw: bytes, where: str) -> str:
    """The bytes of a store as text. Raises StoreError."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        pass
    raise StoreError(f"{where} holds bytes that are no text. Nothing was changed.", _NAME_IT)


_NAME_IT = "Check in the settings (key_store) that this is where the key is kept."


def _object(value: str, json_key: str, where: str) -> dict[str, Any]:
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise StoreError(_NO_OBJECT.format(where, json_key), _NAME_IT)
    return found
