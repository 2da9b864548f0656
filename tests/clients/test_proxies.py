"""Which proxy the environment wants, as curl reads it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.clients.proxies import place, proxy_for

PROXY = "http://proxy.example:3128"
API = "https://api.mistral.ai/v1/models"


@pytest.mark.parametrize(
    ("environ", "url", "proxy"),
    [
        ({}, API, ""),
        ({"HTTPS_PROXY": PROXY}, API, PROXY),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other:1"}, API, PROXY),
        ({"HTTP_PROXY": PROXY}, API, ""),
        ({"HTTP_PROXY": PROXY}, "http://service.example/", PROXY),
        ({"ALL_PROXY": "proxy.example:3128"}, API, PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "mistral.ai"}, API, ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": ".mistral.ai, x"}, API, ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "*.mistral.ai"}, API, ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "stral.ai"}, API, PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, API, ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8"}, "https://10.1.2.3/", ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "x:8443"}, "https://x:8443/", ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "x:8443"}, "https://x/", PROXY),
        ({"HTTP_PROXY": PROXY}, "http://127.0.0.1:9090", ""),
        ({"HTTP_PROXY": PROXY}, "http://localhost:9090", ""),
        ({"HTTPS_PROXY": PROXY}, "https://[::1]:6443", ""),
        ({"HTTPS_PROXY": ""}, API, ""),
        ({"HTTPS_PROXY": PROXY}, "", ""),
    ],
)
def test_the_environment_is_read_as_curl_reads_it(environ: dict[str, str], url: str, proxy: str) -> None:
    assert proxy_for(url, environ) == proxy


def test_a_proxy_is_named_without_its_credentials() -> None:
    assert place("http://me:sentinel@proxy.example:3128") == "proxy.example:3128"
    assert place("https://proxy.example") == "proxy.example:443"


@given(st.text(max_size=40), st.text(max_size=20))
def test_no_environment_is_too_strange(no_proxy: str, proxy: str) -> None:
    found = proxy_for(API, {"NO_PROXY": no_proxy, "HTTPS_PROXY": proxy})
    assert isinstance(found, str)


@given(st.text(max_size=40))
def test_no_address_is_too_strange(url: str) -> None:
    assert isinstance(proxy_for(url, {"ALL_PROXY": PROXY}), str)
    assert isinstance(place(url), str)
