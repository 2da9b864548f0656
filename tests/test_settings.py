"""Settings: the file, the environment over it, and errors that name place and remedy, never a secret."""

import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import time
import tomllib
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import settings
from tui.settings import (
    AwsSecret,
    Console,
    Context,
    GcpSecret,
    Incidents,
    KeyStore,
    Kubernetes,
    KubernetesSecret,
    Mistral,
    Recovery,
    SecretSource,
    Server,
    Service,
    Settings,
    SettingsError,
    Sharing,
    StatusPage,
    Timing,
    Updates,
    VaultSecret,
    config_file,
    duration,
    fetch_secret,
    load,
    sample,
    state_dir,
)
from tui.settings.structs import Evidence, PagerDuty, Slack, Statuspage

WORDS = ["mistral", "key", "url", "prometheus", "env", "contexts", "timing", "window", "api_key", "read_only"]
VALUES = st.text("ab1/:@.", max_size=12) | st.integers() | st.booleans() | st.lists(st.text("ab"), max_size=2)
SECRET = "ab12CD34ef56GH78ij90KL12mn34OP56"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def refused(file: Path, text: str, environ: dict[str, str] | None = None) -> str:
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(file, environ or {})
    return str(caught.value)


class TestRecovery:
    def test_a_share_and_a_number_that_mean_nothing_are_refused(self, file: Path) -> None:
        file.write_text("[recovery]\ncompletions = 0\ngood = 1.5\n")
        with pytest.raises(SettingsError) as caught:
            load(file, {})
        assert "recovery.completions" in str(caught.value)
        assert "recovery.good" in str(caught.value)
        file.write_text('[recovery]\ncompletions = 10\ngood = 0.8\n[timing]\nrecovery = "15s"\n')
        settings = load(file, {}).settings
        assert (settings.recovery, settings.timing.recovery) == (Recovery(completions=10, good=0.8), "15s")


class TestSharing:
    def test_is_off_unless_a_namespace_says_where(self, file: Path) -> None:
        file.write_text("")
        assert load(file, {}).settings.sharing == Sharing()
        assert not Sharing().namespace

    def test_what_is_allowed_at_the_edges(self, file: Path) -> None:
        for namespace, lease in (("a", "6s"), ("a" * 63, "10m"), ("0-9", "1m30s")):
            file.write_text(f'[sharing]\nnamespace = "{namespace}"\nlease = "{lease}"\n')
            found = load(file, {}).settings.sharing
            assert (found.namespace, found.lease) == (namespace, lease)

    def test_the_kubeconfig_is_taken_beside_the_file(self, file: Path) -> None:
        file.write_text('[sharing]\nnamespace = "home"\nkubeconfig = "home.yaml"\ncontext = "home-eu"\n')
        assert load(file, {}).settings.sharing.kubeconfig == str(file.parent / "home.yaml")

    def test_the_environment_beats_the_file_and_turns_it_off(self, file: Path) -> None:
        file.write_text('[sharing]\nnamespace = "home"\ncontext = "a"\n')
        environ = {"LEEWARD_SHARING_CONTEXT": "b", "LEEWARD_SHARING_LEASE": "12s"}
        found = load(file, environ).settings.sharing
        assert (found.namespace, found.context, found.lease) == ("home", "b", "12s")
        assert load(file, {"LEEWARD_SHARING_NAMESPACE": ""}).settings.sharing.namespace == ""

    def test_the_environment_leads_no_drill_into_a_real_home(self, file: Path) -> None:
        file.write_text("drill = true")
        assert load(file, {"LEEWARD_SHARING_NAMESPACE": "prod"}).settings.sharing.namespace == ""


class TestLoading:
    def test_no_default_file_is_fine(self, tmp_path: Path) -> None:
        loaded = load(None, {"XDG_CONFIG_HOME": str(tmp_path)})
        assert loaded.settings == Settings()
        assert loaded.file is None

    def test_a_named_file_must_exist(self, file: Path) -> None:
        with pytest.raises(SettingsError, match="there is no such file; name one that exists"):
            load(file, {})

    def test_the_default_file_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "leeward" / "config.toml"
        path.parent.mkdir()
        path.write_text("read_only = true")
        loaded = load(None, {"XDG_CONFIG_HOME": str(tmp_path)})
        assert loaded.settings.read_only
        assert loaded.file == path

    def test_all_kinds_of_values(self, file: Path) -> None:
        file.write_text(
            """
            [mistral]
            model = "mistral-small-latest"
            completion_probe = true
            key = { command = ["pass", "show", "mistral"] }
            [prometheus]
            url = "https://prometheus.example.com/path"
            username = "123"
            password = { env = "PROMETHEUS_PASSWORD" }
            [contexts.prod-eu]
            word = "prodeu"
            read_only = true
            [updates]
            every = { P1 = "10m" }
            [timing]
            window = "90s"
            """
        )
        found = load(file, {}).settings
        assert found.mistral.key == SecretSource(command=("pass", "show", "mistral"))
        assert found.contexts == {"prod-eu": Context(word="prodeu", read_only=True)}
        assert found.updates.every == {"P1": "10m"}
        assert found.timing.window == "90s"

    def test_paths_are_taken_beside_the_file_and_from_the_home(self, file: Path) -> None:
        file.write_text(
            'runbook = "mine.yaml"\n[kubernetes]\nkubeconfig = "~/kube"\n[mistral]\nkey = { file = "/k" }\n'
            '[evidence]\nfolder = "archives"\n'
        )
        found = load(file, {}).settings
        assert found.runbook == str(file.parent / "mine.yaml")
        assert found.kubernetes.kubeconfig == str(Path.home() / "kube")
        assert found.mistral.key.file == "/k"
        assert found.evidence.folder == str(file.parent / "archives")

    def test_the_sample_is_toml_that_sets_nothing(self, file: Path) -> None:
        file.write_text(sample())
        assert load(file, {}).settings == Settings()

    def test_every_key_that_the_sample_offers_is_one(self, file: Path) -> None:
        offered = re.sub(r"(?m)^# (?=[a-z_]+ = |\[)", "", sample())
        # A login stands there "instead of a token".
        file.write_text(re.sub(r"(?m)^token = .*$", "", offered))
        found = load(file, {}).settings
        assert found.contexts["prod-eu"].word == "prodeu"
        assert found.prometheus.username == "123456"
        assert found.updates.every["P4"] == "1d"

    def test_the_sample_offers_every_key(self) -> None:
        offered = set(re.findall(r"(?m)^#? ?([a-z_]+) = ", sample()))
        tables = re.findall(r"(?m)^#? ?\[([a-z_]+)\.?([a-z_]+)?", sample())
        offered |= {name for table in tables for name in table} - {"", "prod"}
        structs = (
            Settings,
            Mistral,
            Service,
            Server,
            StatusPage,
            Kubernetes,
            KeyStore,
            KubernetesSecret,
            GcpSecret,
            AwsSecret,
            VaultSecret,
            Context,
            Timing,
            Recovery,
            Incidents,
            Evidence,
            Updates,
            Slack,
            Statuspage,
            PagerDuty,
            Sharing,
            Console,
        )
        known = {field.name for struct in structs for field in msgspec.structs.fields(struct)}
        # A drill's settings say themselves that they are one's.
        assert offered == known - {"drill"}


class TestProblems:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("[promtheus]\nurl = 'x'", "promtheus: unknown key; did you mean 'prometheus'?"),
            ("[prometheus]\nurll = 'x'", "prometheus.urll: unknown key; did you mean 'url'?"),
            ("health_url = 'http://x'", "health_url: unknown key; did you mean 'service.health_url'?"),
            ("[contexts.a]\ncolor = 'red'", "contexts.a.color: unknown key; did you mean 'colour'?"),
            ("[mistral.key]\nenvv = 'X'", "mistral.key.envv: unknown key; did you mean 'env'?"),
            ("[prometheus]\nurl = 5", "prometheus.url: is a number; write a text"),
            ("read_only = 'yes'", "read_only: is a text; write true or false"),
            ("mistral = 5", "mistral: is a number; write a table"),
            (
                "[service]\nhealth_url = 'ftp://x'",
                "service.health_url: is no web address; write https://host",
            ),
            ("[service]\nhealth_url = 'x:80'", "service.health_url: is no web address"),
            ("[service]\nhealth_url = 'http://h:port'", "service.health_url: is no address"),
            ("[service]\nhealth_url = 'http://a b'", "service.health_url: is no web address"),
            ("[mistral]\nbase_url = ''", "mistral.base_url: is empty"),
            ("[timing]\nwindow = 'soon'", "timing.window: is no duration; write it as 90s, 5m, 2h or 1d"),
            ("[timing]\nwindow = '0s'", "timing.window: is no time at all"),
            ("[updates]\nevery = { P1 = 'x' }", "updates.every.P1: is no duration"),
            ("[updates]\nevery = { P9 = '1h' }", "updates.every.P9: no such severity"),
            (
                "[updates.slack]\nwebhook = { env = 'A' }\ntoken = { env = 'B' }\nchannel = '#c'",
                "updates.slack: has a webhook and a token",
            ),
            ("[updates.slack]\ntoken = { env = 'B' }", "updates.slack.channel: is missing"),
            (
                "[updates.slack]\nwebhook = 'https://hooks.slack.com/x'",
                "a secret never stands in the settings",
            ),
            ("[updates.statuspage]\nkey = { env = 'B' }", "updates.statuspage.page: is missing"),
            ("[updates.statuspage]\npage = 'p'", "updates.statuspage.key: is missing"),
            ("[updates.pagerduty]\nurl = 'x'", "updates.pagerduty.url: is no web address"),
            ("[status_page]\npaths = ['api']", "status_page.paths: a path does not begin with /"),
            ("[mistral]\nkey = { env = 'A', file = '/b' }", "mistral.key: more than one source is set"),
            ("[prometheus]\nusername = 'u'", "prometheus: username and password belong together"),
            (
                "[key_store]\nkind = 'azure'",
                "key_store.kind: is no kind of store; write one of",
            ),
            (
                "[key_store]\nkind = 'gcp'",
                "key_store.gcp.secret: is not set; write projects/PROJECT/secrets/NAME",
            ),
            (
                "[key_store.gcp]\nsecret = 'mistral'",
                "key_store.gcp.secret: is no name of a secret; write projects/",
            ),
            (
                "[key_store.gcp]\nendpoint = 'http://a.b'",
                "key_store.gcp.endpoint: would send keys in the clear",
            ),
            (
                "[key_store.gcp]\nendpoint = 'a.b'",
                "key_store.gcp.endpoint: is no web address; write https://host",
            ),
            (
                "[key_store]\nkind = 'aws'",
                "key_store.aws.secret_id: is not set; write the name",
            ),
            ("[key_store.aws]\nsecret_id = 'a '", "key_store.aws.secret_id: has spaces at an end"),
            (
                "[key_store]\nkind = 'vault'",
                "key_store.vault.path: is not set; write it, such as prod",
            ),
            ("[key_store.vault]\naddress = 'https://u:p@v'", "key_store.vault.address: holds credentials"),
            (
                "[key_store.vault]\ntoken = { env = 'A', file = '/b' }",
                "vault.token: more than one source",
            ),
            ("[key_store.vault]\nfeild = 'a'", "key_store.vault.feild: unknown key; did you mean 'field'?"),
            (
                f"[key_store.kubernetes]\nkey = '{SECRET}'",
                "kubernetes.key: looks like a key itself",
            ),
            ("[sharing]\nnamspace = 'a'", "sharing.namspace: unknown key; did you mean 'namespace'?"),
            (
                "[sharing]\nnamespace = 'Leeward'",
                "sharing.namespace: is no name of a namespace; write up to 63",
            ),
            ("[sharing]\nnamespace = 'lee_ward'", "sharing.namespace: is no name of a namespace"),
            ("[sharing]\nnamespace = '-a'", "sharing.namespace: is no name of a namespace"),
            (f"[sharing]\nnamespace = '{'a' * 64}'", "sharing.namespace: is no name of a namespace"),
            ("[sharing]\nnamespace = 5", "sharing.namespace: is a number; write a text"),
            (
                "[sharing]\nlease = '5s'",
                "sharing.lease: is no length for a lease; write whole seconds from 6s",
            ),
            ("[sharing]\nlease = '6.5s'", "sharing.lease: is no length for a lease"),
            ("[sharing]\nlease = '11m'", "sharing.lease: is no length for a lease"),
            ("[sharing]\nlease = 'soon'", "sharing.lease: is no duration; write it as 15s"),
            ("[prometheus]\ntoken = {env='T'}\nusername='u'\npassword={env='P'}", "has a token and a login"),
            ("a = ", "is no TOML: Invalid value (at end of document)"),
            ("a = 1\na = 2", "is no TOML"),
        ],
    )
    def test_each_names_file_key_and_remedy(self, file: Path, text: str, said: str) -> None:
        told = refused(file, text)
        assert said in told
        assert told.startswith(str(file))

    def test_several_are_told_at_once(self, file: Path) -> None:
        told = refused(file, "[timing]\nwindow = 'x'\nwatch = 'y'\n[service]\nhealth_url = 'z'")
        assert len(told.splitlines()) == 3

    @pytest.mark.parametrize(
        "text",
        [
            f'[mistral]\nkey = "{SECRET}"',
            f'[mistral]\napi_key = "{SECRET}"',
            f'api_key = "{SECRET}"',
            f'[prometheus]\ntoken = "{SECRET}"',
            f'[prometheus]\npassword = "{SECRET}"',
            f'[prometheus]\nbearer_token = "{SECRET}"',
            f'[mistral]\nkey = {{ env = "{SECRET}" }}',
            f'[prometheus]\nurl = "https://user:{SECRET}@host"',
            f'[service]\nhealth_url = "https://{SECRET}@host"',
        ],
    )
    def test_a_secret_that_stands_in_the_file_is_refused_and_not_repeated(
        self, file: Path, text: str
    ) -> None:
        told = refused(file, text)
        assert SECRET not in told
        assert "env" in told or "credentials" in told

    def test_credentials_in_an_address_are_sent_where_they_belong(self, file: Path) -> None:
        told = refused(file, '[prometheus]\nurl = "https://u:p@host"')
        assert "put them into username and password of the same section" in told

    def test_a_file_that_is_no_text_or_cannot_be_read(self, tmp_path: Path) -> None:
        (tmp_path / "a.toml").write_bytes(b"\xff\xfe")
        with pytest.raises(SettingsError, match="is not UTF-8 text"):
            load(tmp_path / "a.toml", {})
        with pytest.raises(SettingsError, match="cannot be read"):
            load(tmp_path, {})

    @given(st.text())
    def test_any_text_is_settings_or_a_settings_error(self, text: str) -> None:
        try:
            tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError):
            return
        self._load(text)

    @given(st.dictionaries(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(".".join), VALUES))
    def test_any_keys_and_values_are_settings_or_a_settings_error(self, table: dict[str, object]) -> None:
        text = "\n".join(f"{key} = {json.dumps(value)}" for key, value in table.items())
        self._load(text)

    def _load(self, text: str) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            try:
                load(Path(stream.name), {})
            except SettingsError as error:
                assert str(error)


class TestEnvironment:
    def test_beats_the_file(self, file: Path) -> None:
        file.write_text("read_only = false\n[prometheus]\nurl = 'http://a'\norg_id = 'kept'")
        environ = {
            "LEEWARD_PROMETHEUS_URL": "http://b",
            "LEEWARD_KUBERNETES_CONTEXT": "prod",
            "LEEWARD_READ_ONLY": "TRUE",
            "LEEWARD_STATUS_PAGE_URL": "",
        }
        loaded = load(file, environ)
        found = loaded.settings
        assert (found.prometheus.url, found.prometheus.org_id) == ("http://b", "kept")
        assert (found.kubernetes.context, found.read_only, found.status_page.url) == ("prod", True, "")
        assert loaded.from_environment == tuple(sorted(environ))

    def test_works_without_a_file(self, tmp_path: Path) -> None:
        found = load(None, {"XDG_CONFIG_HOME": str(tmp_path), "LEEWARD_TIMING_WINDOW": "5s"})
        assert found.settings.timing.window == "5s"

    def test_a_source_of_a_secret_replaces_the_files(self, file: Path) -> None:
        file.write_text("[mistral]\nkey = { file = '/key' }")
        found = load(file, {"LEEWARD_MISTRAL_KEY_COMMAND": "pass show 'my key'"}).settings
        assert found.mistral.key == SecretSource(command=("pass", "show", "my key"))

    @pytest.mark.parametrize(
        ("variable", "value", "said"),
        [
            ("LEEWARD_PROMETHEUS_ULR", "http://b", "no such setting; did you mean LEEWARD_PROMETHEUS_URL?"),
            ("LEEWARD_PROMTHEUS_URL", "http://b", "did you mean LEEWARD_PROMETHEUS_URL?"),
            ("LEEWARD_MISTRAL_API_KEY", SECRET, "the API key comes from MISTRAL_API_KEY"),
            ("LEEWARD_MISTRAL_KEY", SECRET, "the API key comes from MISTRAL_API_KEY"),
            ("LEEWARD_READ_ONLY", "maybe", "is neither true nor false"),
            ("LEEWARD_TIMING_WINDOW", "soon", "is no duration"),
            ("LEEWARD_SHARING_NAMESPACE", "Lee Ward", "is no name of a namespace"),
            ("LEEWARD_SERVICE_HEALTH_URL", "nowhere", "is no web address"),
            ("LEEWARD_MISTRAL_KEY_COMMAND", "a 'b", "has a quote without its pair"),
        ],
    )
    def test_what_is_wrong_names_the_variable(self, file: Path, variable: str, value: str, said: str) -> None:
        told = refused(file, "", {variable: value})
        assert told.startswith(f"{variable}: ")
        assert said in told
        assert value not in told

    @pytest.mark.parametrize(
        "variable", ["LEEWARD_REQUIRE_REAL", "LEEWARD_KUBECTLS", "LEEWARD_SHIP", "LEEWARD"]
    )
    def test_variables_that_are_no_settings_are_left_alone(self, file: Path, variable: str) -> None:
        file.write_text("")
        assert load(file, {variable: "1"}).from_environment == ()


class TestPlaces:
    def test_follow_xdg(self) -> None:
        environ = {"XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s"}
        assert config_file(environ) == Path("/c/leeward/config.toml")
        assert state_dir(environ) == Path("/s/leeward")

    def test_a_relative_one_is_ignored_as_the_specification_says(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            monkeypatch.delenv(name, raising=False)
        assert config_file({"XDG_CONFIG_HOME": "c"}).is_absolute()
        assert state_dir({}).name == "leeward"


class TestDurations:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [("90s", 90), ("5m", 300), ("1h30m", 5400), ("1h 30m", 5400), ("1d", 86400), ("0.5s", 0.5)],
    )
    def test_are_read(self, text: str, seconds: float) -> None:
        assert duration(text) == timedelta(seconds=seconds)

    @pytest.mark.parametrize("text", ["", "5", "m", "5 minutes", "-5m", "5m!", "1h-5m", "٥m?"])
    def test_or_refused(self, text: str) -> None:
        with pytest.raises(SettingsError, match=r"my\.key: .*write it as 90s"):
            duration(text, "my.key")


class TestSecrets:
    def test_from_the_environment(self) -> None:
        found = fetch_secret(SecretSource(env="KEY"), {"KEY": f" {SECRET}\n"})
        assert found and found.reveal() == SECRET
        assert fetch_secret(SecretSource(env="KEY"), {}) is None
        assert fetch_secret(SecretSource(env="KEY"), {"KEY": " "}) is None
        assert fetch_secret(SecretSource(), {}) is None

    def test_from_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "key"
        path.write_text(f"{SECRET}\n")
        found = fetch_secret(SecretSource(file=str(path)), {})
        assert found and found.reveal() == SECRET

    def test_from_a_command_without_shell_or_terminal(self) -> None:
        argv = ("python3", "-c", f"import os,sys; print('{SECRET}' if not sys.stdin.read() else '')")
        found = fetch_secret(SecretSource(command=argv), dict(os.environ))
        assert found and found.reveal() == SECRET
        plain = fetch_secret(SecretSource(command=("echo", "$HOME")), dict(os.environ))
        assert plain and plain.reveal() == "$HOME"

    def test_a_command_gets_the_environment_that_was_given(self) -> None:
        argv = ("/bin/sh", "-c", "echo $GIVEN")
        found = fetch_secret(SecretSource(command=argv), {"GIVEN": "it"})
        assert found and found.reveal() == "it"

    @pytest.mark.parametrize(
        ("source", "said"),
        [
            (SecretSource(env="A", file="/b"), "more than one source is set"),
            (SecretSource(env=SECRET), "env is no name of an environment variable"),
            (SecretSource(file="/nowhere/key"), "the file /nowhere/key cannot be read: No such file"),
            (SecretSource(file="/dev/null"), "the file /dev/null is empty"),
            (SecretSource(command=("/nowhere/program",)), "cannot be run: No such file"),
            (SecretSource(command=("",)), "the command is empty"),
            (SecretSource(command=("true",)), "the command's output is empty"),
            (
                SecretSource(command=("sh", "-c", f"echo {SECRET}; echo {SECRET} >&2; exit 3")),
                "exit status 3",
            ),
            (SecretSource(command=("printf", f"{SECRET} {SECRET}")), "is no single word"),
            (SecretSource(command=("printf", f"{SECRET}\\n{SECRET}")), "is no single word"),
            (SecretSource(command=("printf", "a\\0b")), "is no single word"),
        ],
    )
    def test_errors_name_the_setting_and_hold_nothing_of_the_secret(
        self, source: SecretSource, said: str
    ) -> None:
        with pytest.raises(SettingsError) as caught:
            fetch_secret(source, dict(os.environ), "mistral.key")
        told = str(caught.value)
        assert told.startswith("mistral.key: ")
        assert said in told
        assert SECRET not in told

    @pytest.mark.parametrize(
        "script", ["sleep 60", "sleep 60 & sleep 60", "exec >&-; sleep 60", "yes", "sleep 60 & echo early"]
    )
    def test_a_command_that_hangs_or_floods_is_ended_with_its_children(
        self, script: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tui.settings.sources.COMMAND_DEADLINE", 0.3)
        began = time.monotonic()
        with pytest.raises(SettingsError, match="gave no answer within"):
            fetch_secret(SecretSource(command=("sh", "-c", script)), dict(os.environ))
        assert time.monotonic() - began < 30

    def test_a_file_without_permission_says_so(self, tmp_path: Path) -> None:
        if os.geteuid() == 0:
            pytest.skip("root reads everything")
        path = tmp_path / "key"
        path.write_text(SECRET)
        path.chmod(stat.S_IWUSR)
        with pytest.raises(SettingsError, match="Permission denied"):
            fetch_secret(SecretSource(file=str(path)), {})


def test_settings_are_light_to_import() -> None:
    code = (
        "import sys, tui.settings;"
        "print([m for m in ('yaml', 'httpx', 'tomllib', 'platformdirs', 'textual') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert settings.__all__


def test_the_environment_leads_no_drill_out_of_its_world(tmp_path: Path) -> None:
    """Who has production in the environment and practises must not practise on production."""
    file = tmp_path / "config.toml"
    file.write_text(
        'drill = true\n[prometheus]\nurl = "http://127.0.0.1:1"\n[kubernetes]\ncontext = "drill"\n'
    )
    environ = {
        "LEEWARD_PROMETHEUS_URL": "https://prometheus.example.com",
        "LEEWARD_KUBERNETES_CONTEXT": "prod",
        "LEEWARD_CONSOLE_THEME": "light",
        "LEEWARD_READ_ONLY": "true",
    }
    loaded = load(file, environ)
    assert loaded.settings.prometheus.url == "http://127.0.0.1:1"
    assert loaded.settings.kubernetes.context == "drill"
    assert (loaded.settings.console.theme, loaded.settings.read_only) == ("light", True)
    assert loaded.from_environment == ("LEEWARD_CONSOLE_THEME", "LEEWARD_READ_ONLY")
