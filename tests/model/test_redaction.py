"""Secrets are taken out wherever they stand; what only looks like one stays."""

import base64
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.model.redaction import MARK, Redactor, says_secret, secrets_in
from tui.model.secret import Secret

KEY = "kJ3vXq8LmN2pR5tW7yZ1aB4cD6eF9gH0"
secrets = st.text(min_size=6, max_size=40).filter(lambda text: text.strip() == text and text.isprintable())


@given(secrets, st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=300)
def test_no_known_secret_survives_in_any_position_or_form(secret: str, before: str, after: str) -> None:
    redactor = Redactor([Secret(secret)])
    forms = [
        secret,
        base64.b64encode(secret.encode()).decode(),
        base64.urlsafe_b64encode(secret.encode()).decode(),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
    ]
    for form in forms:
        assert form not in redactor.text(before + form + after)
        assert form not in redactor.text(before + form + form[:3] + form + after)


@given(secrets, st.binary(max_size=8), st.binary(max_size=8))
def test_no_known_secret_survives_inside_longer_base64(secret: str, before: bytes, after: bytes) -> None:
    """`user:secret` as a Basic credential has the secret at another alignment."""
    whole = base64.b64encode(before + secret.encode() + after).decode()
    left = Redactor([Secret(secret)]).text(f"x {whole} y")
    if len(secret.encode()) >= 9:
        assert whole not in left


@given(secrets, st.recursive(st.text(max_size=8), lambda i: st.lists(i) | st.dictionaries(st.text(), i)))
def test_no_known_secret_survives_in_data(secret: str, around: object) -> None:
    data = {"a": [secret, {"b": f"x{secret}", secret: 1}, (secret,)], "around": around}
    out = Redactor([Secret(secret)]).data(data)
    assert not [text for text in _strings(out) if secret in text]


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for item in pair for text in _strings(item)]
    return [text for item in value for text in _strings(item)] if isinstance(value, list) else []


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Authorization: Bearer abc.def-123", f"Authorization: {MARK}"),
        ("curl -H 'Authorization: Basic dXNlcjpwYXNz' x", f"curl -H 'Authorization: {MARK}' x"),
        ("sent bearer abcdefgh12345678", f"sent bearer {MARK}"),
        (f"mistral key {KEY} tried", f"mistral key {MARK} tried"),
        ("see https://hooks.slack.com/services/T0/B0/abc now", f"see https://hooks.slack.com/{MARK} now"),
        ("http://user:p@ss@prom:9090/x", f"http://{MARK}@prom:9090/x"),
        ("MISTRAL_API_KEY=abc123 python app.py", f"MISTRAL_API_KEY={MARK} python app.py"),
        ("export DB_PASSWORD='a b c'", f"export DB_PASSWORD={MARK}"),
        ('{"token": "abc\\"def", "tokens": 12}', f'{{"token": "{MARK}", "tokens": 12}}'),
        ('"{\\"api_key\\":\\"zzz\\",\\"n\\":1}"', f'"{{\\"api_key\\":\\"{MARK}\\",\\"n\\":1}}"'),
        ("api-key: c2VjcmV0cw==", f"api-key: {MARK}"),
        ("xoxb-1234567890-abcdef", MARK),
    ],
)
def test_what_looks_like_a_secret_goes(text: str, clean: str) -> None:
    assert Redactor().text(text) == clean


def test_a_private_key_goes_even_when_it_is_cut() -> None:
    text = "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----\nafter"
    assert Redactor().text(text) == f"-----BEGIN RSA PRIVATE KEY----- {MARK}\nafter"
    assert "MIIE" not in Redactor().text(text[:42])


@pytest.mark.parametrize(
    "text",
    [
        "request_id 0123456789abcdef0123456789abcdef",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736, key fingerprint 7f3a",
        "mistral-correlation-id 0198c1f0-7d3a-7c11-9b1e-0242ac120002",
        "kubectl --context prod-eu -n prod set env deployment/app MAX_CONCURRENT_MISTRAL=3",
        "basic authentication is required; the token: expired",
        "prompt_tokens=12 total_tokens: 4000",
        "secretKeyRef: {name: mistral, key: api-key}",
        "diagnosis key-mismatch, mitigation rotate-key",
        "mail ana@example.com or see https://status.mistral.ai/incidents/1?x=2",
        "the secret could not be read, permission denied",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor([Secret(KEY)]).text(text) == text


def test_data_under_a_name_that_says_secret_goes_whole() -> None:
    out = Redactor().data(
        {
            "api_key": "short",
            "env": [
                {"name": "MISTRAL_API_KEY", "value": "x y"},
                {"name": "MISTRAL_FALLBACK", "value": "true"},
            ],
            "key_fingerprint": "7f3a",
            "secret": {"name": "mistral"},
            "password": "",
            "n": 1,
        }
    )
    assert out == {
        "api_key": MARK,
        "env": [{"name": "MISTRAL_API_KEY", "value": MARK}, {"name": "MISTRAL_FALLBACK", "value": "true"}],
        "key_fingerprint": "7f3a",
        "secret": {"name": "mistral"},
        "password": "",
        "n": 1,
    }


def test_a_secret_of_a_few_letters_does_not_blank_everything() -> None:
    assert Redactor([Secret("e"), Secret(""), Secret("abcde")]).text("abcde every e") == "abcde every e"


def test_each_long_line_of_a_key_of_several_lines_goes() -> None:
    line = "MIIEvQIBADANBgkqhkiG9w0BAQ"
    assert line not in Redactor([Secret(f"-----BEGIN X-----\n{line}\n-----END X-----")]).text(f"log: {line}")


def test_a_secret_that_is_added_later_counts_from_then() -> None:
    redactor = Redactor()
    assert redactor.text("hunter2hunter2") == "hunter2hunter2"
    redactor.add(Secret("hunter2hunter2"))
    assert redactor.text("hunter2hunter2") == MARK


@given(st.text())
def test_any_text_is_taken_and_a_second_pass_changes_nothing(text: str) -> None:
    redactor = Redactor([Secret(KEY)])
    once = redactor.text(text)
    assert redactor.text(once) == once


@pytest.mark.parametrize(
    "unit", ["a-", "key-", "a.a", "://", 'token":"', "bearer ", "mistral ", "key=", "a:"]
)
def test_a_hostile_text_takes_no_longer_than_its_length(unit: str) -> None:
    """Thirty thousand characters that tempt each pattern to try again from everywhere."""
    text = unit * (30_000 // len(unit)) + " key secret ://"
    begun = time.perf_counter()
    Redactor([Secret(KEY)]).text(text)
    assert time.perf_counter() - begun < 20


def test_names_that_say_secret() -> None:
    assert all(
        map(says_secret, ["MISTRAL_API_KEY", "token", "dbPassword", "x-api-key", "AWS_SECRET_ACCESS_KEY"])
    )
    assert not any(map(says_secret, ["tokens", "secretName", "key_length", "MAX_TOKENS", "variable", ""]))


def test_the_folder_that_a_shell_is_in_is_no_secret() -> None:
    """Every shell has PWD: what lies below it would be blanked in everything that is kept."""
    environ = {"PWD": "/home/ana", "OLDPWD": "/home/ana/x", "DB_PWD": KEY, "HOME": "/home/ana"}
    assert [secret.reveal() for secret in secrets_in(environ)] == [KEY]
    assert Redactor(secrets_in(environ)).text("kept in /home/ana/x") == "kept in /home/ana/x"
