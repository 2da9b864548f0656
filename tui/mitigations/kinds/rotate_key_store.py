"""A key is written to its store once; what became of an answer that was lost is told by reading."""

from tui.clients.cluster_errors import OPEN_AGAIN
from tui.clients.secrets import KeyStore
from tui.mitigations.refusal import Refused
from tui.model.clock import Clock
from tui.model.keys import Stored, StoreError, named
from tui.model.mitigation import Plan
from tui.model.secret import Secret

_ATTEMPTS = 4
_PAUSE = 1.0


async def read(store: KeyStore) -> Stored:
    """The current key. Raises Refused."""
    try:
        return await store.read()
    except StoreError as error:
        raise refused_by(error) from None


async def store_once(store: KeyStore, key: Secret, plan: Plan, clock: Clock) -> None:
    """Write the key, if the store still has the version that the preview showed. Raises Refused.

    It is sent once. Only where the store cannot be read either is the outcome `unknown`.
    """
    version = str(plan.mark.get("version") or "")
    try:
        await store.write(key, after=version, token=plan.made.token)
    except StoreError as error:
        problem = error
    else:
        return
    if problem.sent:
        await _look(store, plan, problem, clock)
    elif problem.outcome == "conflict":
        raise await _explained(store, plan, problem)
    else:
        raise refused_by(problem)


def refused_by(error: StoreError) -> Refused:
    """The store's refusal as the protocol's."""
    return Refused(error.said, error.remedy)


async def _look(store: KeyStore, plan: Plan, problem: StoreError, clock: Clock) -> None:
    """Return where the key did arrive. Raises Refused where it did not, or nobody can tell."""
    for attempt in range(_ATTEMPTS):
        # Even a request that timed out here may still be on its way through the server.
        await clock.sleep(_PAUSE * (attempt + 1))
        try:
            now = await store.read()
        except StoreError:
            continue
        if named(now.secret.fingerprint) == plan.after:
            return
        if now.version != plan.mark.get("version"):
            raise Refused(f"Nothing of ours was stored: {_now(store, now, plan)}.", OPEN_AGAIN)
        if attempt == _ATTEMPTS - 1:
            raise Refused(
                f"{problem.said} The new key did not arrive: {store.name} still has {plan.before}.",
                OPEN_AGAIN,
            )
    raise Refused(
        f"{problem.said} Whether {plan.after} was stored is not known: the store cannot be read.",
        "It is read again as soon as it answers; do not store the key again before, and revoke no key.",
        outcome="unknown",
    )


async def _explained(store: KeyStore, plan: Plan, problem: StoreError) -> Refused:
    try:
        now = await store.read()
    except StoreError:
        return refused_by(problem)
    return Refused(f"Nothing was stored: {_now(store, now, plan)}.", OPEN_AGAIN)


def _now(store: KeyStore, now: Stored, plan: Plan) -> str:
    """What the store has instead of what the preview showed, as a clause."""
    live = named(now.secret.fingerprint)
    if live == plan.before:
        return f"somebody changed {store.name} since the preview; its key is still {plan.before}"
    return f"{store.name} has {live} now, no longer {plan.before}"
