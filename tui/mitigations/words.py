"""The word that arms: what a person types to say that this context is meant."""

import re
from collections.abc import Iterable

_SHORTEST = 8
_PARTS = re.compile(r"[/:@_]+")
_TYPED = re.compile(r"[^a-z0-9]+")
_NAMELESS = "context"


def arming_word(context: str, others: Iterable[str] = (), configured: str = "") -> str:
    """The context's word; compare what is typed with case ignored.

    It is the last part of the context's name (of `arn:aws:eks:…:cluster/prod-eu` that is
    `prod-eu`), without what the hand must search for on a phone, at most eight letters or
    digits: `prodeu`. Where another context would get the same it is made longer, first by more
    of that part, then by the parts before it, and where even whole names read alike by a number.

    Args:
        context: the context's name.
        others: every context of the kubeconfig; this one may be among them.
        configured: the word that the settings give, or "".
    """
    if configured.strip():
        return configured.strip()
    rivals = sorted(set(others) - {context})
    words = _candidates(context)
    taken = {word for rival in rivals for word in _candidates(rival)}
    for word in words:
        if word not in taken:
            return word
    return _against_each(context, words, rivals)


def _against_each(context: str, words: list[str], rivals: list[str]) -> str:
    """The first word that no rival gets at the same length; a number where all are alike."""
    for level, word in enumerate(words):
        if all(_at_level(_candidates(rival), level) != word for rival in rivals):
            return word
    alike = sorted([context, *(rival for rival in rivals if _candidates(rival)[-1] == words[-1])])
    return f"{words[-1]}{alike.index(context) + 1}"


def _candidates(context: str) -> list[str]:
    """Ever longer words for one context, each once."""
    parts = [part for part in (_TYPED.sub("", part.lower()) for part in _PARTS.split(context)) if part]
    if not parts:
        return [_NAMELESS]
    last = parts[-1]
    lengths = range(min(_SHORTEST, len(last)), len(last) + 1)
    longer = ["".join(parts[-count:]) for count in range(2, len(parts) + 1)]
    return [*(last[:length] for length in lengths), *longer]


def _at_level(words: list[str], level: int) -> str:
    return words[min(level, len(words) - 1)]
