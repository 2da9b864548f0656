"""An exporter with known rates, in a process of its own: what a service's metrics look like.

`python -m tests.support.exporter PORT` serves `/metrics`; counters rise with the wall clock.
"""

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LARGE, SMALL = "mistral-large-latest", "mistral-small-latest"
REQUESTS_PER_S = {LARGE: 9.0, SMALL: 2.0}
ERRORS_PER_S = {LARGE: 1.2, SMALL: 0.1}
# Of the errors, this part is 429; the rest got no answer in time.
SHARE_429 = 0.9
P95_BUCKETS = ((0.5, 0.5), (1.0, 0.9), (2.5, 1.0))  # upper bound, share of requests below it


def ratio() -> float:
    """Errors for each request, as the exporter makes them."""
    return sum(ERRORS_PER_S.values()) / sum(REQUESTS_PER_S.values())


def metrics(seconds: float) -> str:
    """The text format after so many seconds."""
    lines = []
    for model, rate in REQUESTS_PER_S.items():
        failed = ERRORS_PER_S[model] * seconds
        done = rate * seconds
        requests, errors = "mistral_requests_total", "mistral_errors_total"
        lines += [
            _line(requests, done - failed / 2, model=model, status="success", endpoint="chat"),
            _line(requests, failed / 2, model=model, status="error", endpoint="chat"),
            _line(errors, failed * SHARE_429, model=model, error_type="rate_limited", status_code="429"),
            _line(errors, failed * (1 - SHARE_429), model=model, error_type="timeout", status_code="0"),
        ]
        for bound, share in (*P95_BUCKETS, ("+Inf", 1.0)):
            bucket = {"model": model, "endpoint": "chat", "le": str(bound)}
            lines.append(_line("mistral_request_duration_seconds_bucket", done * share, **bucket))
    return "\n".join(lines) + "\n"


def _line(name: str, value: float, **labels: str) -> str:
    inside = ",".join(f'{key}="{text}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {value:.6f}"


class _Handler(BaseHTTPRequestHandler):
    began = time.monotonic()

    def do_GET(self) -> None:
        body = metrics(time.monotonic() - self.began).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing: a test's output is its own."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Handler).serve_forever()
