"""What a person asks about keys: which one is in use, whether one works, and what storing it would do."""

from tui.model.keys import KeyShown, KeyTest
from tui.model.mitigation import Plan
from tui.model.secret import Secret
from tui.session.core import Core
from tui.session.errors import SessionError
from tui.session.keys import rotation_rule, shown


class Rotating(Core):
    """The calls about keys. A key that is handed in stays in memory, and is known to the redactor first."""

    async def current_key(self) -> KeyShown | None:
        """The key that production's store has, or else the one of this console; None where there is none."""
        return shown(await self._working.keys.current())

    async def test_key(self, candidate: Secret | None) -> KeyTest:
        """Ask the API with a key: the models, then one token of the model that is set.

        None tests the one in use. Raises SessionError where there is none, or the candidate can be no key.
        """
        keys = self._working.keys
        if candidate is not None:
            return await keys.tested(keys.fit(candidate), "typed")
        found = await keys.current()
        if found is None:
            raise SessionError("There is no key to test.", "Set MISTRAL_API_KEY, or type a new key.")
        return await keys.tested(*found)

    async def preview_rotation(self, candidate: Secret, overrule: str = "") -> Plan:
        """What storing this key would do. Changes nothing; `approve` does it, as with any plan.

        A key that failed its test, or whose test told nothing, needs `overrule`: words that become an
        entry. Raises SessionError.
        """
        working = self._working
        rule = rotation_rule(working.board.runbook)
        offer = await working.keys.offer(candidate, overrule)
        return await working.operations.preview(rule.id, None, self._incident_id(), offer)

    def forget_keys(self) -> None:
        """Forget the new keys that were looked at, unless one is being stored at this moment."""
        if self._parts.working is not None and not self._snapshot.running:
            self._parts.working.keys.forget()
