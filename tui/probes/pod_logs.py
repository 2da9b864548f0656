"""The recent log lines of the service's pods, by the cluster's door."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tui.model import deployment as read
from tui.model.log_shapes import LogShapes, Shapes
from tui.probes.log_lines import Line, Tally, count, parse

if TYPE_CHECKING:
    from tui.clients.cluster import Cluster

# More would cost the API server, and the loop that reads it: the newest lines tell.
MOST_PODS = 10
MOST_LINES = 500
MOST_BYTES = 96 << 10
# Not longer: a busy pod writes more than is worth reading, and a rate over a cut log is too small.
LONGEST = timedelta(minutes=1)
_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class PodLogs:
    """What the logs of some pods say; `cut` when a pod had more lines than were read."""

    pods: int
    tally: Tally
    cut: bool
    window: timedelta
    shapes: LogShapes


def container_of(deployment: Mapping[str, Any], wanted: str) -> str:
    """The container that is meant: the settings' one, the one named like the deployment, or the first."""
    own = str((deployment.get("metadata") or {}).get("name") or "")
    for name in (wanted, own):
        if name and read.container_named(deployment, name):
            return name
    first = read.containers(deployment)
    return str(first[0].get("name") or "") if first else wanted


async def recent(
    cluster: "Cluster", pods: Sequence[Mapping[str, Any]], container: str, window: timedelta
) -> PodLogs:
    """Read and count the pods' error lines of the last `window` or minute, all pods at once.

    Raises ClusterError where no pod's log could be read; a pod that is just gone is left out.
    """
    names = [str(pod["metadata"]["name"]) for pod in pods if _started(pod)][:MOST_PODS]
    window = min(window, LONGEST)
    seconds = max(int(window.total_seconds()), 1)
    texts = await asyncio.gather(
        *(cluster.pod_log(name, container, seconds, MOST_LINES, MOST_BYTES) for name in names),
        return_exceptions=True,
    )
    good = [text for text in texts if isinstance(text, str)]
    bad = [error for error in texts if isinstance(error, BaseException)]
    if bad and not good:
        raise bad[0]
    lines = [text.splitlines() for text in good]
    cut = any(
        len(of_pod) >= MOST_LINES or len(text) >= MOST_BYTES - 4096
        for of_pod, text in zip(lines, good, strict=True)
    )
    found, shapes = await _read(lines)
    shown, rest = shapes.top()
    grouped = LogShapes(shown, rest, len(good), window.total_seconds(), cut)
    return PodLogs(len(good), count(found), cut, window, grouped)


async def _read(lines: Sequence[Sequence[str]]) -> tuple[list[Line], Shapes]:
    """Parse a few lines at a time: reading all of them at once would be felt on the screen."""
    found: list[Line] = []
    shapes = Shapes()
    for of_pod in lines:
        in_trace = False
        for start in range(0, len(of_pod), _AT_ONCE):
            for text in of_pod[start : start + _AT_ONCE]:
                line = parse(text)
                if line:
                    found.append(line)
                in_trace = _shape(text, line, in_trace, shapes)
            await asyncio.sleep(0)
    return found, shapes


def _shape(text: str, line: Line | None, in_trace: bool, shapes: Shapes) -> bool:
    """Count a line by its shape; of a stack trace its last line, which names the error."""
    if line is not None and line.trace and "{" not in text:
        return True
    if line is not None or (in_trace and not text.startswith((" ", "\t"))):
        shapes.add(text)
        return False
    return in_trace


def _started(pod: Mapping[str, Any]) -> bool:
    status = pod.get("status")
    phase = status.get("phase") if isinstance(status, Mapping) else ""
    return bool((pod.get("metadata") or {}).get("name")) and phase in ("Running", "Failed", "Succeeded")
