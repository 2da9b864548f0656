"""What an incident is declared with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tui.model.reading import Alert
from tui.model.runbook import Diagnosis
from tui.model.severity import Severity, from_label, graver
from tui.model.times import rfc3339
from tui.session.snapshot import Place

_NO_CAUSE = "unknown"


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a person says, and what there is to go by.

    Attributes:
        title: "" takes the diagnosis', else the alert's.
        severity: None takes what is proposed.
        found: the diagnosis that stands, and the severity that it has `proposed`.
        standing: how each check stands (`standing.standing`).
        alert: the alert that it is declared from.
        left_out: what Alertmanager says that it did not tell, or "".
    """

    title: str
    severity: Severity | None
    proposed: Severity | None
    found: Diagnosis | None
    place: Place
    standing: Mapping[str, Any] = field(default_factory=dict)
    alert: Alert | None = None
    left_out: str = ""

    @property
    def called(self) -> str:
        """Its title."""
        if self.title.strip() or self.alert is None:
            return self.title.strip() or (self.found.title if self.found else "")
        wrong = self.found is not None and not self.found.healthy and self.found.id != _NO_CAUSE
        return self.found.title if wrong and self.found is not None else self.alert.name

    @property
    def offered(self) -> Severity | None:
        """The severity that is proposed: an alert's label proposes, too, and the graver counts."""
        return graver(from_label(self.alert.severity), self.proposed) if self.alert else self.proposed

    @property
    def chosen(self) -> Severity | None:
        """The severity that it has."""
        return self.severity or self.offered

    def told(self) -> str:
        """The line of the timeline: `from the alert; severity P2 proposed and accepted`."""
        if self.alert is None:
            return f"{self.called or 'incident'}{f', {self.chosen}' if self.chosen else ''}"
        cut = f" ({self.left_out})" if self.left_out else ""
        return f"from the alert; {self._severity()}{cut}"

    def data(self) -> Mapping[str, Any]:
        """What the entry keeps."""
        began = (
            {"alert": self.alert.fingerprint, "started_at": rfc3339(self.alert.starts_at)}
            if self.alert
            else {}
        )
        return {
            "title": self.called,
            "severity": self.chosen.value if self.chosen else None,
            "proposed": self.offered.value if self.offered else None,
            "diagnosis": self.found.id if self.found else "",
            "source": self._source(),
            "place": {
                "context": self.place.context,
                "namespace": self.place.namespace,
                "deployment": self.place.deployment,
            },
            "checks": dict(self.standing),
            **began,
        }

    def _severity(self) -> str:
        if self.chosen is None:
            return "no severity yet"
        if self.offered is None:
            return f"severity {self.chosen} chosen, none was proposed"
        if self.chosen is self.offered:
            return f"severity {self.chosen} proposed and accepted"
        return f"severity {self.offered} proposed, {self.chosen} chosen"

    def _source(self) -> str:
        if self.alert is not None:
            return "alert"
        return "diagnosis" if self.found is not None and self.called == self.found.title else "hand"
