"""`leeward doctor`: each setting, target, permission, query and link, and how to mend what fails."""

import json
from pathlib import Path

from tests.support.commands import leeward, served


def test_a_world_in_order_passes_and_every_kind_of_thing_was_tested(tmp_path: Path) -> None:
    with served("healthy", tmp_path) as world:
        ran = leeward("--config", world["config"], "doctor", "--json", state=tmp_path)
    assert ran.returncode == 0, ran.stdout
    checks = json.loads(ran.stdout)["checks"]
    assert all(set(check) == {"name", "state", "summary", "remedy"} for check in checks)
    states = {check["name"]: check["state"] for check in checks}
    assert states["cluster"] == "ok"
    assert states["permission: patch deployments"] == "ok"
    assert states["target: MAX_CONCURRENT_MISTRAL"] == "ok"
    assert states["query: errors"] == "ok"
    assert states["check: Mistral API"] == "ok"
    assert states["key store"] == "ok"
    assert states["links"] == "unset"


def test_what_is_missing_fails_with_a_remedy(tmp_path: Path) -> None:
    with served("healthy", tmp_path) as world:
        config = tmp_path / "config.toml"
        text = Path(world["config"]).read_text()
        text = text.replace('deployment = "mistral-service"', 'deployment = "mistral-servce"')
        config.write_text(text.replace(world["prometheus"], "http://127.0.0.1:9"))
        ran = leeward("--config", str(config), "doctor", "--json", state=tmp_path)
    assert ran.returncode == 1
    found = {check["name"]: check for check in json.loads(ran.stdout)["checks"]}
    assert found["target"]["state"] == "fail"
    assert "mistral-servce" in found["target"]["summary"]
    assert found["target"]["remedy"]
    assert found["query: errors"]["state"] == "unknown"
    assert found["query: errors"]["remedy"]


def test_without_settings_it_says_where_to_begin(tmp_path: Path) -> None:
    # Nobody outside is asked: closed ports stand for what the defaults name.
    config = tmp_path / "empty.toml"
    nobody = "http://127.0.0.1:9"
    config.write_text(f'drill = true\n[mistral]\nbase_url = "{nobody}"\n[status_page]\nurl = "{nobody}"\n')
    ran = leeward("--config", str(config), "doctor", state=tmp_path)
    assert ran.returncode == 1
    assert "connection refused" in ran.stdout
    assert "MISTRAL_API_KEY" in ran.stdout
    assert "kubernetes.deployment" in ran.stdout
