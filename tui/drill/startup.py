"""How the app starts: what it refuses to start with, and what it writes before it gives up."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from tui.drill.pods import AppConfig, Pod


class Startup:
    """The app's check of its own configuration.

    Attributes:
        least: slots without which the app does not start; 0 starts with any number.
    """

    def __init__(self, least: int) -> None:
        self.least = least

    def refuses(self, env: Mapping[str, str]) -> bool:
        """Whether the app gives up at once with this environment."""
        return AppConfig.read(env).concurrency < self.least

    def log(self, pod: Pod) -> list[tuple[datetime, str]]:
        """What a pod that gives up wrote, with the times."""
        slots = AppConfig.read(pod.env).concurrency
        at = pod.started_at
        why = f"is below {self.least}: warming up opens {self.least} connections to Mistral at once"
        said = (
            ("INFO", "service.main starting, reading the configuration"),
            ("ERROR", f"service.config MAX_CONCURRENT_MISTRAL={slots} {why}"),
            ("ERROR", "service.main the configuration cannot be used, exiting with status 1"),
        )
        moments = [at + timedelta(milliseconds=250 * index) for index in range(len(said))]
        return [
            (moment, f"{_stamp(moment)} {level} {text}")
            for moment, (level, text) in zip(moments, said, strict=True)
        ]


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
