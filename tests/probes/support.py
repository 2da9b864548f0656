"""What the probes' tests share: their pace, their key, and a check of what every reading must be."""

from datetime import timedelta

from tests.support.clock import ManualClock
from tui.model.facts import KINDS, Sort
from tui.model.reading import Reading
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.probes.probe import Pace

KEY = Secret("sentinel0sentinel0sentinel0abcde")
LIMIT = 0.6
PACE = Pace(timedelta(seconds=10), LIMIT)
WIDEST = 44
_PYTHON: dict[Sort, tuple[type, ...]] = {
    Sort.TEXT: (str,),
    Sort.NUMBER: (int, float),
    Sort.FLAG: (bool,),
    Sort.LIST: (tuple,),
}


def clock() -> ManualClock:
    """The tests' clock: 2026-11-23 15:03:11 UTC."""
    return ManualClock()


def redactor() -> Redactor:
    """A redactor that knows the key."""
    return Redactor([KEY])


def sound(reading: Reading) -> Reading:
    """The reading, if it is one that every face of the program can show and the tree can test."""
    assert reading.summary
    assert len(reading.summary) <= WIDEST, reading.summary
    shown = (reading.summary, reading.note, reading.remedy, *reading.evidence)
    assert all(text.isprintable() for text in shown), shown
    assert KEY.reveal() not in repr(reading)
    for name, value in reading.facts.items():
        kind = KINDS[reading.check][name]
        assert value is None or isinstance(value, _PYTHON[kind.sort]), (name, value)
        assert not (kind.sort is Sort.NUMBER and isinstance(value, bool)), (name, value)
        assert value is None or not kind.choices or value in kind.choices, (name, value)
    return reading
