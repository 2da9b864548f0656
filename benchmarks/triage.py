"""`leeward triage` against servers that take 0.3 s for every answer, and against a black hole."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.harness import Figure, Place, median, spread
from benchmarks.servers import MODEL, black_hole, slow
from tests.support.commands import served

SLOW = 0.3
KEY = {"MISTRAL_API_KEY": "k" * 32}


def measure(place: Place) -> Iterator[Figure]:
    """Three slow servers; the same with a workload; an API that is not there at all."""
    state = place.state("triage")
    with slow(SLOW) as late, slow(0) as prompt:
        config = _settings(state / "slow.toml", late, late, late, prompt)
        note = f"API, service and Prometheus take {SLOW} s an answer"
        yield _row(place, state, "leeward triage, three slow servers", config, SLOW + 0.35, note, 6)
        with served("healthy", state) as world:
            kubernetes = re.search(r"(?ms)^\[kubernetes\]\n.*?(?=^\[|\Z)", Path(world["config"]).read_text())
            assert kubernetes is not None
            whole = state / "whole.toml"
            whole.write_text(f"{config.read_text()}\n{kubernetes[0]}")
            note = "as above, and the workload of a drill"
            yield _row(place, state, "leeward triage, with the workload", whole, 1.0, note, 7)
        with black_hole() as hole:
            config = _settings(state / "hole.toml", hole, prompt, prompt, prompt)
            note = "connections to the API are never answered"
            yield _row(place, state, "leeward triage, black-holed API", config, 6.0, note, 6)


def _settings(path: Path, mistral: str, service: str, prometheus: str, prompt: str) -> Path:
    path.write_text(
        f'[mistral]\nbase_url = "{mistral}"\nmodel = "{MODEL}"\n'
        f'[service]\nhealth_url = "{service}/health"\n'
        f'[prometheus]\nurl = "{prometheus}"\n'
        f'[alertmanager]\nurl = "{prompt}"\n'
        f'[status_page]\nurl = "{prompt}"\npaths = ["/api/v1/status.json"]\n'
    )
    return path


def _row(
    place: Place, state: Path, what: str, config: Path, budget: float, note: str, answered: int
) -> Figure:
    """`answered` checks must have been asked, else it was fast for a wrong reason."""
    times = []
    # A black hole takes its six seconds however often it is asked.
    for turn in range((place.runs if budget < 2 else 2) + 1):
        took, ended = place.leeward("--config", str(config), "triage", "--json", state=state, **KEY)
        told: dict[str, Any] = json.loads(ended.stdout)
        asked = [check for check in told["checks"] if check["state"] != "unset"]
        assert len(asked) == answered, ended.stdout
        if turn:  # the first one compiled the bytecode
            times.append(took)
    slowest = max(asked, key=lambda check: check["latency_ms"] or 0)
    found = f"finds {told['diagnosis']['id']}; slowest answer {slowest['name']} {slowest['latency_ms']} ms"
    return Figure(what, median(times), "s", budget, f"{note}; {spread(times)}; {found}")
