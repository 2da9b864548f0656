"""What the model of traffic needs to know of a pod, and how the app in it reads its environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

DEFAULT_CONCURRENCY = 10
DEFAULT_TIMEOUT = 30.0
TRUE = frozenset({"1", "true", "yes", "on"})


class Pod(Protocol):
    """A pod as the simulated cluster reports it; `env` is what it had when it started."""

    @property
    def name(self) -> str: ...

    @property
    def revision(self) -> int: ...

    @property
    def ready(self) -> bool: ...

    @property
    def started_at(self) -> datetime: ...

    @property
    def env(self) -> Mapping[str, str]: ...


class Pods(Protocol):
    """Where pods come from: the simulated cluster."""

    def __call__(self) -> "tuple[Pod, ...]": ...


@dataclass(frozen=True, slots=True)
class PastPod:
    """A pod that ran before the world began, and left only its history."""

    name: str
    revision: int
    started_at: datetime
    env: Mapping[str, str]
    ready: bool = True


@dataclass(frozen=True, slots=True)
class AppConfig:
    """The app's configuration, as it reads it once when a pod starts.

    Attributes:
        concurrency: requests to Mistral at once; a value that is no number is the default.
        timeout: seconds after which a call to Mistral is given up.
        fallback: whether users get an answer without Mistral when a call fails.
        key: the API key.
        version: of the app, from `APP_VERSION`.
    """

    concurrency: int
    timeout: float
    fallback: bool
    key: str
    version: str

    @classmethod
    def read(cls, env: Mapping[str, str]) -> "AppConfig":
        """The configuration in this environment."""
        return cls(
            concurrency=int(_number(env.get("MAX_CONCURRENT_MISTRAL"), DEFAULT_CONCURRENCY)),
            timeout=_number(env.get("MISTRAL_TIMEOUT_MS"), DEFAULT_TIMEOUT * 1000) / 1000,
            fallback=env.get("MISTRAL_FALLBACK", "").strip().lower() in TRUE,
            key=env.get("MISTRAL_API_KEY", ""),
            version=env.get("APP_VERSION", ""),
        )


def _number(text: str | None, default: float) -> float:
    try:
        value = float(text) if text else default
    except ValueError:
        return default
    return value if 0 < value < 1e9 else default
