"""What can be made to go wrong with the simulated API server, apart from what its world does."""

from __future__ import annotations

from dataclasses import dataclass, field

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass
class Trouble:
    """Switches that may be set while the server runs, for all requests or for those of a namespace.

    Attributes:
        verbs: the requests that the next four concern: `read`, `watch`, `create`, `update`, `patch`,
            `delete`; none named means all.
        latency_s: every answer comes so much later.
        hang: nothing is answered until it is unset.
        drop: connections are closed without an answer.
        fail_status: every request is answered with that status (410, 429, 500, 503, 504) in its usual form.
        login_expired: every token is refused.
        forbid: (verb, resource) pairs that are taken away from those who have them.
        silent: watches are accepted, and nothing ever comes: no change, no bookmark, no end. What is open
            when it is set stays silent when it is unset.
        delay_s: watches tell of everything so much later.
        lose_answers: of so many writes to come, the answer is lost after the write was done.
    """

    verbs: frozenset[str] = frozenset()
    latency_s: float = 0.0
    hang: bool = False
    drop: bool = False
    fail_status: int = 0
    login_expired: bool = False
    forbid: frozenset[tuple[str, str]] = frozenset()
    silent: bool = False
    delay_s: float = 0.0
    lose_answers: int = 0

    def concerns(self, verb: str) -> bool:
        """Whether requests of that kind have the trouble."""
        return not self.verbs or verb in self.verbs

    def loses(self) -> bool:
        """Whether the answer to the write that was just done is to be lost; counts it."""
        lost = self.lose_answers > 0
        self.lose_answers -= lost
        return lost


@dataclass
class Faults(Trouble):
    """The trouble of the whole server, and of the shared namespace alone.

    `forbid` takes its pairs from those who mitigate, that of `shared` from everybody but the administrator;
    `quota` refuses creates of these resources as an exceeded quota does.
    """

    quota: frozenset[str] = frozenset()
    shared: Trouble = field(default_factory=Trouble)

    def of(self, path: str, namespace: str) -> tuple[Trouble, ...]:
        """The troubles of a request's path; `namespace` is the shared one, "" where there is none."""
        there = bool(namespace) and f"{path}/".find(f"/namespaces/{namespace}/") >= 0
        return (self, self.shared) if there else (self,)


def kind_of(method: str, watching: bool) -> str:
    """What sort of request it is, in the words of `Trouble.verbs`."""
    return _VERBS.get(method, "watch" if watching else "read")
