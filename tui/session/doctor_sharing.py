"""Testing the place where several consoles meet, where one is set."""

from tui.model.reading import State
from tui.model.redaction import Redactor
from tui.settings import Settings

# Name, state, summary and remedy of a finding.
Told = tuple[str, State, str, str]


async def sharing(settings: Settings, redact: Redactor) -> tuple[Told, ...]:
    """What `leeward share check` says; one line where incidents are not shared."""
    if not settings.sharing.namespace:
        remedy = "Set sharing.namespace where several consoles are to work one incident."
        return (("shared place", State.UNSET, "incidents stay on this machine", remedy),)
    from tui.clients.shared_place import SharedPlace
    from tui.sharing.checking import check

    place = SharedPlace(settings, redact)
    try:
        return tuple((one.name, one.state, one.summary, one.remedy) for one in await check(place))
    finally:
        await place.close()
