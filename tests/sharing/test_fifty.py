"""Fifty writers, 10,000 entries: nothing is lost, nothing doubled, and every console says the same.

LEEWARD_THOROUGH runs all of them (some four minutes); else a sample. How long an entry takes from one disk
to another console is no matter of these tests: `python -m benchmarks sharing` holds it to its budget.
The figures lie in LEEWARD_ARTEFACTS where that is set.
"""

from pathlib import Path

import pytest

from tests.sharing import fifty
from tests.support.thorough import THOROUGH

WRITERS, ENTRIES, SECONDS, JOINS = (50, 10_000, 200.0, 20.0) if THOROUGH else (8, 400, 4.0, 1.0)


@pytest.mark.slow
def test_what_many_write_at_once_is_whole_and_the_same_everywhere(tmp_path: Path) -> None:
    ran = fifty.run(tmp_path, WRITERS, ENTRIES, SECONDS, JOINS)
    fifty.keep("sharing", ran.told())
    written = [entry for console in ran.consoles for entry in console["written"]]
    assert len(written) == len(set(written)) == ENTRIES
    assert len(ran.consoles) == WRITERS + 1
    for console in ran.consoles:
        assert (console["entries"], console["ids"]) == (ENTRIES, ENTRIES), console["name"]
        assert (console["problems"], console["waiting"]) == ([], 0), console["name"]
    assert len({console["digest"] for console in ran.consoles}) == 1
    assert len(ran.latency) == ENTRIES * WRITERS, "each came to every console but its own, once"
