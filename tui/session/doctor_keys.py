"""Whether a new key could be stored: the store's library, the login, the secret, and who owns it."""

from typing import TYPE_CHECKING

from tui.model.finding import Finding
from tui.model.keys import StoreError
from tui.model.reading import State
from tui.settings import Settings

if TYPE_CHECKING:
    from tui.clients.cluster import Cluster
    from tui.clients.secrets import KeyStore

NAME = "key store"


async def look(settings: Settings, cluster: "Cluster") -> Finding:
    """How the store is, in words, and how it is mended. Nothing is written, and no value is told."""
    from tui.clients.secrets import open_store

    # Without a setting the console works on, and says at the key what it lacks.
    failed = State.WARN if settings.key_store.kind == "kubernetes" else State.FAIL
    try:
        store = await open_store(settings, cluster)
    except StoreError as error:
        return Finding(NAME, failed, error.said, error.remedy)
    try:
        return await _asked(store, failed)
    except StoreError as error:
        state = State.UNKNOWN if error.outcome == "unknown" else failed
        return Finding(NAME, state, error.said, error.remedy)
    finally:
        await store.close()


async def _asked(store: "KeyStore", failed: State) -> Finding:
    missing = await store.permissions()
    if missing:
        said = f"{store.name}: a new key cannot be stored without {', '.join(missing)}"
        return Finding(NAME, failed, said, f"Ask {store.whom} for it.")
    await store.read()
    obstacles = await store.obstacles()
    if obstacles:
        remedy = "A new key is stored at that source; the pods are restarted from here."
        return Finding(NAME, State.WARN, f"{store.name}: {'; '.join(obstacles)}", remedy)
    said = f"{store.name} can be read, and nothing speaks against storing a key there"
    return Finding(NAME, State.OK, said)
