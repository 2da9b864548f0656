"""Two copies of one chain: which is further, and whether they are one chain at all. Pure, on bytes."""

from collections.abc import Sequence
from dataclasses import dataclass

from tui.record import lines
from tui.record.errors import JournalError


class OtherContent(JournalError):
    """Two journals begin alike and say different things: one of them was changed."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A journal's bytes, in whole lines; `writer` is its machine.

    `identity` is the hash of the first envelope, which has that of the header and a random part; "" where
    there is no entry yet.
    """

    identity: str
    writer: str
    data: bytes

    @property
    def lines(self) -> int:
        """How many lines it has, the header included."""
        return self.data.count(b"\n")


def chain(data: bytes) -> Chain:
    """The chain of a journal's bytes, without a torn last line. Raises Unreadable."""
    data = data[: data.rfind(b"\n") + 1]
    header = data[: data.find(b"\n") + 1]
    return Chain(lines.first_hash(data), lines.parse_header(header).writer, data)


def merged(ours: Chain, theirs: Chain) -> bytes:
    """The longer of two copies of one chain, redacted wherever one of them is.

    Raises:
        OtherContent: neither continues the other.
    """
    if ours.data.startswith(theirs.data):
        return ours.data
    if theirs.data.startswith(ours.data):
        return theirs.data
    one, other = _split(ours.data), _split(theirs.data)
    both = min(len(one), len(other))
    pairs = enumerate(zip(one[:both], other[:both], strict=True), start=1)
    common = [a if a == b else _stone_of(a, b, number, ours.writer) for number, (a, b) in pairs]
    return b"".join([*common, *one[both:], *other[both:]])


def distinct(chains: Sequence[Chain]) -> tuple[Chain, ...]:
    """These chains, without those that another one of them continues. Branches of one chain are several."""
    kept: list[Chain] = []
    for one in sorted(chains, key=lambda one: one.lines, reverse=True):
        if not any(other.identity == one.identity and _continue(other, one) for other in kept):
            kept.append(one)
    return tuple(one for one in chains if any(one is other for other in kept))


def parting(one: Chain, others: Sequence[Chain]) -> str:
    """The hash of the first line of a branch that none of the others has."""
    ours = [lines.hash_of_line(line) for line in one.data.split(b"\n")[:-1]]
    theirs = {lines.hash_of_line(line) for other in others for line in other.data.split(b"\n")[:-1]}
    return next((hash_ for hash_ in ours if hash_ not in theirs), ours[-1])


def _continue(one: Chain, other: Chain) -> bool:
    try:
        merged(one, other)
    except OtherContent:
        return False
    return True


def _stone_of(ours: bytes, theirs: bytes, number: int, writer: str) -> bytes:
    """The one of two lines that is redacted, where that is all in which they differ."""
    try:
        one, other = lines.parse_raw(ours)[0], lines.parse_raw(theirs)[0]
    except lines.Unreadable:
        raise _differ(number, writer) from None
    if bytes(one.envelope) == bytes(other.envelope):
        if one.salt is None:
            return ours
        if other.salt is None:
            return theirs
    raise _differ(number, writer)


def _split(data: bytes) -> list[bytes]:
    # A line ends with a newline alone, whatever else may stand in it.
    return [line + b"\n" for line in data.split(b"\n")[:-1]]


def _differ(number: int, writer: str) -> OtherContent:
    return OtherContent(
        f"The journal of {writer[:80]} is here already, and line {number} of it says something else there.",
        "Nothing was imported. `leeward verify` on both machines tells which of the two was changed.",
    )
