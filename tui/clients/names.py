"""Name resolution with a deadline."""

import ipaddress
import socket

from tui.clients.lanes import Lanes, LanesFull
from tui.clients.unanswered import Unanswered

# getaddrinfo cannot be interrupted; a resolver that is away holds a thread for up to half a minute.
_RESOLVING = Lanes(16, "leeward-names")


def is_address(host: str) -> bool:
    """Whether this is an IP address and no name."""
    try:
        ipaddress.ip_address(host.strip("[]").split("%")[0])
    except ValueError:
        return False
    return True


async def resolve(host: str, port: int, deadline: float) -> tuple[str, ...]:
    """The addresses of a host, each once, in the resolver's order.

    Raises Unanswered (`dns`, or `timeout` in the phase `dns`).
    """
    if is_address(host):
        return (host.strip("[]"),)
    try:
        found = await _RESOLVING.run(
            lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), deadline
        )
    except LanesFull:
        raise Unanswered("timeout", "dns", f"name resolution hangs; {host} could not be asked for") from None
    except TimeoutError:
        raise Unanswered("timeout", "dns", f"name resolution of {host} took over {deadline:.3g} s") from None
    except socket.gaierror as error:
        raise Unanswered("dns", "dns", _why(host, error)) from None
    except UnicodeError:
        raise Unanswered("dns", "dns", f"{host} is no name that can be resolved") from None
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def _why(host: str, error: socket.gaierror) -> str:
    """EAI_AGAIN means that no resolver answered; the others that one answered in the negative."""
    if error.errno == socket.EAI_AGAIN:
        return f"no name server answers for {host}"
    if error.errno == socket.EAI_NONAME:
        return f"the name {host} does not exist"
    return f"the name {host} has no address"
