"""Updates of a session that tests play by hand."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tests.support import sights
from tui.model.update import Audience
from tui.notify import rendering
from tui.session.telling import Recipient, UpdateDraft

INTERNAL = "\n".join(
    (
        ":red_circle: P2 INCIDENT: Mistral AI Integration",
        "**Status**: INVESTIGATING",
        "**Impact**: Degraded service; 11.8 % of calls to Mistral fail",
        "**Action**: looking into it: rate limited",
        "**Next update**: 15:52 UTC",
        "**IC**: @ana",
    )
)
EXTERNAL = "AI Feature Degradation\nWe are experiencing issues.\nUpdated: 2026-11-23 15:22 UTC"


@dataclass(frozen=True)
class Sent:
    """What became of a message at one place."""

    place: str
    state: Any
    said: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class How:
    """A state's word."""

    value: str


class FakeUpdates:
    """The calls of `tui.session.telling.Telling`.

    Attributes:
        targets: the places of each audience; () is copy only.
        sent: what `send_update` answers.
        left: the draft that a person left, or "".
    """

    calls: list[tuple[object, ...]]
    targets: dict[Audience, tuple[str, ...]] = {  # noqa: RUF012 - replaced, never changed
        Audience.INTERNAL: ("Slack #incidents",),
        Audience.EXTERNAL: ("Statuspage",),
    }
    sent: tuple[Sent, ...] = (Sent("Slack #incidents", How("sent")),)
    left = ""
    pages = True

    def _did(self, *call: object) -> None:
        raise NotImplementedError

    def places(self, audience: Audience) -> tuple[str, ...]:
        return self.targets[audience]

    async def update_draft(self, audience: Audience, *, anew: bool = False) -> UpdateDraft:
        self._did("update_draft", audience, anew)
        filled = INTERNAL if audience is Audience.INTERNAL else EXTERNAL
        text = filled if anew or not self.left else self.left
        kept = sights.NOW if text != filled else None
        made = UpdateDraft(audience, text, filled, kept, sights.NOW + timedelta(minutes=30), ())
        return self.edited(made, text)

    def edited(self, draft: UpdateDraft, text: str) -> UpdateDraft:
        internal = draft.audience is Audience.INTERNAL
        fit = rendering.slack_fit(text) if internal else rendering.page_fit(text)
        places = tuple(
            Recipient(name, fit, None if internal else True) for name in self.targets[draft.audience]
        )
        to_set = "" if places else "Set updates.slack.webhook in the settings."
        return replace(draft, text=text, places=places, to_set=to_set)

    async def keep_update(self, draft: UpdateDraft, text: str) -> None:
        self._did("keep_update", text)
        self.left = text

    async def send_update(self, draft: UpdateDraft, text: str, *, notify: bool = True) -> tuple[Sent, ...]:
        self._did("send_update", draft.audience, text, notify)
        return self.sent

    async def update_copied(self, draft: UpdateDraft, text: str) -> None:
        self._did("update_copied", text)

    async def page(self, event: str) -> tuple[Sent, ...]:
        self._did("page", event)
        return (Sent("PagerDuty", How("sent")),)

    async def snooze(self, length: timedelta) -> datetime:
        self._did("snooze", length)
        return sights.NOW + length

    async def send_again(self, message_id: str) -> None:
        self._did("send_again", message_id)

    async def arrived(self, message_id: str) -> None:
        self._did("arrived", message_id)

    async def give_up(self, message_id: str) -> None:
        self._did("give_up", message_id)
