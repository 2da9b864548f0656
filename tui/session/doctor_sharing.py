"""Testing the place where several consoles meet, where one is set."""

from tui.model.finding import Finding
from tui.model.reading import State
from tui.model.redaction import Redactor
from tui.settings import Settings


async def sharing(settings: Settings, redact: Redactor) -> tuple[Finding, ...]:
    """What `leeward share check` says; one line where incidents are not shared."""
    if not settings.sharing.namespace:
        remedy = "Set sharing.namespace where several consoles are to work one incident."
        return (Finding("shared place", State.UNSET, "incidents stay on this machine", remedy),)
    from tui.clients.shared_place import SharedPlace
    from tui.sharing.checking import check

    place = SharedPlace(settings, redact)
    try:
        return await check(place)
    finally:
        await place.close()
