"""The doctor looks whether the programs of a runbook can be run here."""

from tests.support.consoles import runbook_of
from tui.model.reading import State
from tui.model.runbook import Command, Judgement, Proof
from tui.session.doctor import _programs


def test_each_program_is_told_once_with_who_needs_it() -> None:
    more = {"mine": Command(("no-such-program",), undo=("sh", "-c", "true"))}
    judged = Judgement(None, proof=Proof(("true",)))
    found = {f.name: f for f in _programs(runbook_of(more=more, judged=judged).mitigations.values())}
    assert set(found) == {"program: true", "program: no-such-program", "program: sh"}
    missing = found["program: no-such-program"]
    assert (missing.state, missing.summary) == (State.FAIL, "cannot be run here; mine needs it")
    assert missing.remedy
    assert found["program: sh"].state is State.OK
