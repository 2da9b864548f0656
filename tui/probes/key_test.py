"""Whether a key works, asked of the API itself: the list of models, then one token."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tui.clients import http
from tui.clients.unanswered import Unanswered
from tui.model.clock import Clock
from tui.model.keys import KeyShown, KeyTest, named
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.model.text import clean
from tui.probes import mistral_answer as read
from tui.probes.completion import Completion, Sample
from tui.probes.probe import shortly
from tui.settings import Mistral

DEADLINE = 10.0
_LIMIT = 2 << 20
_AGAIN = "Test it again, and look at the panels of the network and of the status page."
_REFUSED: Mapping[int, tuple[str, str]] = {
    401: ("Mistral knows no such key (401)", "Copy it again, or make a new one at console.mistral.ai."),
    402: ("Mistral asks for payment (402)", "Look at billing and spending caps."),
    403: ("Mistral refuses it (403)", "Look at what this key may do."),
}


@dataclass(frozen=True, slots=True)
class _Models:
    """What the list of models answered: in words, and its status; None where nothing of Mistral's came."""

    words: str
    status: int | None


async def try_key(
    mistral: Mistral, key: Secret, source: str, environ: Mapping[str, str], clock: Clock, redact: Redactor
) -> KeyTest:
    """Test a key. It never raises: what cannot be told has `works` None.

    Args:
        mistral: where to ask, and the model whose token is asked for.
        key: the redactor knows it before anything is sent.
        source: where the key is from.
    """
    redact.add(key)
    found = await _models(mistral, key, environ)
    shown = KeyShown.of(key, source)
    name = named(shown.fingerprint)
    test = KeyTest(shown, found.words, None, None, "", "", clock.now())
    if found.status != 200:
        return _not_listed(test, name, found)
    if not mistral.model:
        said = (
            f"{name} works: it lists the models; no model is set (mistral.model), so no token was asked for."
        )
        return replace(test, works=True, said=said, at=clock.now())
    sample = await Completion(mistral, key, environ, clock, redact, DEADLINE).ask()
    return _with_token(test, name, clean(mistral.model, limit=80), sample)


async def _models(mistral: Mistral, key: Secret, environ: Mapping[str, str]) -> _Models:
    base = mistral.base_url.rstrip("/").removesuffix("/v1")
    try:
        answer = await http.ask(
            "GET", f"{base}/v1/models", deadline=DEADLINE, bearer=key, limit=_LIMIT, environ=environ
        )
    except Unanswered as error:
        return _Models(shortly(error), None)
    body = answer.json()
    if not read.from_mistral(answer, body):
        return _Models(f"{answer.status}, not from Mistral", None)
    listed = read.models(body) if answer.status == 200 else None
    return _Models(f"200, {listed.count} models" if listed else str(answer.status), answer.status)


def _not_listed(test: KeyTest, name: str, found: _Models) -> KeyTest:
    status = found.status
    if status is not None and status in _REFUSED:
        words, remedy = _REFUSED[status]
        return replace(
            test, works=False, said=f"{name} does not work: {words}.", remedy=remedy, dead=status == 401
        )
    return replace(
        test, said=f"Whether {name} works could not be told: models, {found.words}.", remedy=_AGAIN
    )


def _with_token(test: KeyTest, name: str, model: str, sample: Sample) -> KeyTest:
    test = replace(test, completion=sample.said, at=sample.at)
    if sample.good:
        return replace(
            test, works=True, said=f"{name} works: it lists the models, and one token of {model} came."
        )
    if sample.status is not None and sample.status in _REFUSED:
        words, remedy = _REFUSED[sample.status]
        said = f"{name} does not work: it lists the models, but for one token {words}."
        return replace(test, works=False, said=said, remedy=remedy, dead=sample.status == 401)
    if sample.outcome == "http_error" and sample.status in (400, 404, 422):
        said = f"{name} does not work for {model}: one token of it was refused ({sample.said})."
        return replace(
            test, works=False, said=said, remedy="Look at mistral.model, and at the key's workspace."
        )
    said = f"Whether {name} works could not be told: it lists the models, but no token came ({sample.said})."
    return replace(test, said=said, remedy=_AGAIN)
