"""Each name server of this machine, asked by itself. dnspython is imported with the first asking."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from tui.clients.lanes import Lanes
from tui.model.network_look import Resolved

_LOADING = Lanes(2, "leeward-resolvers")
_LOAD_DEADLINE = 10.0
_MOST = 6
_CODES = {
    "NXDOMAIN": "the name does not exist",
    "SERVFAIL": "the server failed (SERVFAIL)",
    "REFUSED": "the server refuses to answer (REFUSED)",
}


async def name_servers() -> tuple[str, ...]:
    """The servers of /etc/resolv.conf, in their order; none where there is no such file.

    Raises TimeoutError where the file cannot be read, or the library loaded, in time.
    """
    return await _LOADING.run(_configured, _LOAD_DEADLINE)


async def ask_each(
    host: str, servers: Sequence[str], deadline: float, port: int = 53
) -> tuple[Resolved, ...]:
    """The addresses of `host` by each server, all at once; each has `deadline` seconds for it.

    The name is asked for as it is, without search domains.
    """
    await _LOADING.run(_load, _LOAD_DEADLINE)
    return tuple(await asyncio.gather(*(_ask(host, server, deadline, port) for server in servers[:_MOST])))


def _load() -> None:
    """Import all of it here, where the event loop does not wait for it."""
    import dns.asyncbackend
    import dns.asyncquery
    import dns.rdtypes.IN.A
    import dns.rdtypes.IN.AAAA
    import dns.resolver

    dns.asyncbackend.get_backend("asyncio")


def _configured() -> tuple[str, ...]:
    _load()
    import dns.resolver

    try:
        found = dns.resolver.Resolver().nameservers
    except dns.resolver.NoResolverConfiguration:
        return ()
    return tuple(str(server) for server in found)


async def _ask(host: str, server: str, deadline: float, port: int) -> Resolved:
    import dns.exception

    began = time.monotonic()
    try:
        async with asyncio.timeout(deadline):
            found = await asyncio.gather(
                *(_query(host, kind, server, deadline, port) for kind in ("A", "AAAA"))
            )
    except (TimeoutError, dns.exception.Timeout):
        return Resolved(server, error=f"no answer within {deadline:.3g} s")
    except ConnectionRefusedError:
        return Resolved(server, error="connection refused: no name server there")
    except (OSError, dns.exception.DNSException, ValueError) as error:
        return Resolved(server, error=f"no answer that can be read ({type(error).__name__})")
    spent = round((time.monotonic() - began) * 1000, 1)
    # Servers turn the order with each answer: in one order they can be compared.
    addresses = tuple(sorted({a for answer in found for a in answer[0]}, key=lambda a: (":" in a, a)))
    errors = [answer[1] for answer in found if answer[1]]
    if not addresses:
        return Resolved(server, ms=spent, error=errors[0] if errors else "the name has no address")
    return Resolved(server, addresses, spent)


async def _query(
    host: str, kind: str, server: str, deadline: float, port: int
) -> tuple[tuple[str, ...], str]:
    """The addresses of one kind, and what the server refused with, or ""."""
    import dns.asyncquery
    import dns.message
    import dns.rcode
    import dns.rdatatype

    wanted = dns.rdatatype.from_text(kind)
    query = dns.message.make_query(host, wanted)
    answer: Any
    answer, _ = await dns.asyncquery.udp_with_fallback(query, server, timeout=deadline, port=port)
    code = dns.rcode.to_text(answer.rcode())
    if code != "NOERROR":
        return (), _CODES.get(code, f"the server answers {code}")
    found = (item.address for rrset in answer.answer if rrset.rdtype == wanted for item in rrset)
    return tuple(found), ""
