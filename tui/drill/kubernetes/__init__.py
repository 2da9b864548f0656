"""A Kubernetes API server on loopback, with one deployment that really rolls out.

It agrees with recordings of a real v1.36 server (tests/recordings/kubernetes-api). `Cluster` is the
state and its controllers, `KubeApi` serves it over https.
"""

from tui.drill.kubernetes.api import KubeApi
from tui.drill.kubernetes.cluster import Cluster, LogSource, Revision
from tui.drill.kubernetes.faults import Faults, Trouble
from tui.drill.kubernetes.pods import Pace, PodView

__all__ = ["Cluster", "Faults", "KubeApi", "LogSource", "Pace", "PodView", "Revision", "Trouble"]
