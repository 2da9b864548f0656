"""The word that arms: what a person types to say that this context is meant."""

import itertools
import re
from collections import Counter
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
    words = {name: _candidates(name) for name in sorted({context, *others})}
    shared = Counter(word for offered in words.values() for word in offered)
    wanted = {name: _preferred(name, words, shared) for name in words}
    used: set[str] = set()
    for name, word in wanted.items():
        used.add(given := _numbered(word, used, set(wanted.values())))
        if name == context:
            return given
    raise AssertionError("the context is among the names")


def _preferred(name: str, words: dict[str, list[str]], shared: Counter[str]) -> str:
    """The first word that no other could ever get, else that no other gets at the same length."""
    own = words[name]
    for word in own:
        if shared[word] == 1:
            return word
    rivals = [offered for other, offered in words.items() if other != name]
    for level, word in enumerate(own):
        if all(_at_level(offered, level) != word for offered in rivals):
            return word
    return own[-1]


def _numbered(word: str, used: set[str], wanted: set[str]) -> str:
    """The word, or with the first number that makes it nobody else's."""
    if word not in used:
        return word
    numbers = (f"{word}{number}" for number in itertools.count(2))
    return next(numbered for numbered in numbers if numbered not in used | wanted)


def _candidates(context: str) -> list[str]:
    """Ever longer words for one context, each once."""
    parts = [part for part in (_TYPED.sub("", part.lower()) for part in _PARTS.split(context)) if part]
    if not parts:
        return [_NAMELESS]
    last = parts[-1]
    lengths = range(min(_SHORTEST, len(last)), len(last) + 1)
    longer = ["".join(parts[-count:]) for count in range(2, len(parts) + 1)]
    return list(dict.fromkeys([*(last[:length] for length in lengths), *longer]))


def _at_level(words: list[str], level: int) -> str:
    return words[min(level, len(words) - 1)]
