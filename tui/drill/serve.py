"""The whole world as one process: the model, its servers, and the files that lead a console there."""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from tui.drill.hands import Colleague
from tui.drill.kubernetes import KubeApi
from tui.drill.provider import MODELS
from tui.drill.scenarios import SCENARIOS, Scenario, Trouble
from tui.drill.servers.alertmanager import AlertmanagerServer
from tui.drill.servers.base import LoopbackServer
from tui.drill.servers.mistral import MistralServer
from tui.drill.servers.pagerduty import PagerDutyServer
from tui.drill.servers.prometheus import PrometheusServer
from tui.drill.servers.service import ServiceServer
from tui.drill.servers.slack import SlackServer
from tui.drill.servers.status_page import StatusPageServer
from tui.drill.servers.statuspage import COMPONENTS, PAGE_ID, StatuspageServer
from tui.drill.settings_file import RESPONDER, Places, toml, write_private
from tui.drill.startup import Startup
from tui.drill.workload import make_cluster, record_trouble
from tui.drill.world import World, make_keys

# Who else can come to this world, and the key under which their settings file is told.
_OTHERS = {"ada": "second_config", "viewer": "viewer_config", "keeper": "keeper_config"}
_UNRESOLVABLE = "api.mistral.invalid"


class Drill:
    """A running world. `servers` may be told to misbehave; `addresses` is what a console needs.

    Args:
        scenario: what is wrong.
        seed: makes a run repeatable.
        speed: shortens the windows and holds of the settings.
    """

    def __init__(self, scenario: Scenario, seed: int, speed: float) -> None:
        self.scenario = scenario
        self._speed = speed
        self._folder: Path | None = None
        self._token = secrets.token_urlsafe(24)
        self._statuspage_key = secrets.token_urlsafe(24)
        self.cluster = make_cluster(scenario, make_keys(seed).ours, seed, speed)
        self.world = World(scenario, seed, self.cluster.pods, speed=speed)
        self._startup = Startup(scenario.least_slots)
        self._colleague = Colleague(self.cluster, self.world.now) if scenario.contended else None
        self.cluster.log_source = self._log
        record_trouble(self.cluster, scenario)
        self.kubernetes = KubeApi(self.cluster)
        self.mistral = MistralServer(self.world, seed)
        self.service = ServiceServer(self.world)
        self.prometheus = PrometheusServer(self.world, self._token)
        self.alertmanager = AlertmanagerServer(self.world, self._token)
        self.status_page = StatusPageServer(self.world)
        self._pagerduty_key = secrets.token_hex(16)
        self._slack_token = f"xoxb-{secrets.token_hex(16)}"
        self.slack = SlackServer(f"T0LEEWARD/B0DRILL/{secrets.token_urlsafe(18)}", self._slack_token)
        self.pagerduty = PagerDutyServer(self._pagerduty_key)
        self.statuspage = StatuspageServer(self._statuspage_key)
        self.addresses: dict[str, str] = {}

    @property
    def servers(self) -> Sequence[LoopbackServer]:
        """Every server but the cluster's."""
        return (
            self.mistral,
            self.service,
            self.prometheus,
            self.alertmanager,
            self.status_page,
            self.slack,
            self.statuspage,
            self.pagerduty,
        )

    async def start(self) -> dict[str, str]:
        """Start every server, write the files, and say where everything is."""
        kubernetes, *_ = await asyncio.gather(
            self.kubernetes.start(), *(server.start() for server in self.servers)
        )
        self._folder = Path(tempfile.mkdtemp(prefix="leeward-drill-"))
        self.addresses = {
            **self._write(self._folder),
            **{server.name: server.address for server in self.servers},
            "slack": self.slack.webhook,
            "kubernetes": kubernetes,
            "statuspage_page": PAGE_ID,
            "scenario": self.scenario.name,
        }
        return self.addresses

    def _write(self, folder: Path) -> dict[str, str]:
        keys = self.world.keys
        files = {
            "mistral.key": keys.ours,
            "candidate.key": keys.candidate,
            "prometheus.token": self._token,
            "statuspage.key": self._statuspage_key,
            "slack.webhook": self.slack.webhook,
            "slack.token": self._slack_token,
            "pagerduty.key": self._pagerduty_key,
            "kubeconfig": self.kubernetes.kubeconfig(RESPONDER),
            "kubeconfig.admin": self.kubernetes.kubeconfig("admin"),
        }
        paths = {name: write_private(folder / name, text) for name, text in files.items()}
        places = Places(
            mistral=self._mistral_as_configured(),
            service=self.service.address,
            prometheus=self.prometheus.address,
            alertmanager=self.alertmanager.address,
            status_page=self.status_page.address,
            model=MODELS[0],
            key_file=paths["mistral.key"],
            token_file=paths["prometheus.token"],
            kubeconfig=paths["kubeconfig"],
            slack_file=paths["slack.webhook"],
            statuspage=f"{self.statuspage.address}/v1",
            statuspage_page=PAGE_ID,
            statuspage_components=tuple(COMPONENTS),
            statuspage_key_file=paths["statuspage.key"],
            pagerduty=self.pagerduty.enqueue,
            pagerduty_key_file=paths["pagerduty.key"],
        )
        config = write_private(folder / "config.toml", toml(places, self._speed))
        return {
            "config": str(config),
            **{told: str(self._write_for(login, folder, places)) for login, told in _OTHERS.items()},
            "kubeconfig": str(paths["kubeconfig"]),
            "admin_kubeconfig": str(paths["kubeconfig.admin"]),
            "candidate_key": str(paths["candidate.key"]),
            "statuspage_key": str(paths["statuspage.key"]),
            "slack_token": str(paths["slack.token"]),
            "pagerduty_key": str(paths["pagerduty.key"]),
        }

    def _write_for(self, login: str, folder: Path, places: Places) -> Path:
        """The settings file of another login: the same world, with a kubeconfig of its own."""
        kubeconfig = write_private(folder / f"kubeconfig.{login}", self.kubernetes.kubeconfig(login))
        text = toml(replace(places, kubeconfig=kubeconfig), self._speed, login)
        return write_private(folder / f"config.{login}.toml", text)

    def _mistral_as_configured(self) -> str:
        """The API's address in the settings: by a name that cannot resolve, where that is the trouble."""
        address = self.mistral.address
        if self.scenario.trouble is Trouble.NAMES:
            return f"http://{_UNRESOLVABLE}:{urlsplit(address).port}"
        return address

    def _log(self, name: str, since: datetime | None) -> list[tuple[datetime, str]]:
        """What a pod wrote: on its way to giving up, or while it served."""
        for pod in self.cluster.pods():
            if pod.name == name and self._startup.refuses(pod.env):
                return self._startup.log(pod)
        return self.world.log(name, since)

    async def live(self, until: asyncio.Event) -> None:
        """Move the world on, once a second, until told to end."""
        while not until.is_set():
            self.world.advance()
            if self._colleague is not None:
                self._colleague.look()
            rest = 1.0 - self.world.now() % 1.0
            try:
                await asyncio.wait_for(until.wait(), rest + 0.001)
            except TimeoutError:
                continue

    async def stop(self) -> None:
        """Remove the files and stop every server."""
        # The files first: whatever becomes of the servers, no key is left behind.
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        await asyncio.gather(self.kubernetes.stop(), *(server.stop() for server in self.servers))


async def run(
    scenario: str,
    seed: int,
    speed: float,
    ready: Callable[[dict[str, str]], None],
    until: asyncio.Event,
) -> None:
    """Run a world until `until` is set; `ready` is given its addresses once all servers listen.

    Raises KeyError for a scenario that does not exist.
    """
    drill = Drill(SCENARIOS[scenario], seed, speed)
    try:
        ready(await drill.start())
        await drill.live(until)
    finally:
        await drill.stop()
