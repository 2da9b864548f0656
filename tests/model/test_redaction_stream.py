"""A stream of any size loses its secrets, wherever the reads part it, and nothing else."""

import base64
import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st

from tui.model.redaction import MARK, Redactor
from tui.model.redaction_stream import LONGEST_LINE, RedactionStream
from tui.model.secret import Secret

KEY = "abcdEFGH1234ijklMNOP5678qrstUVWX"
PEM = "\n".join(
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        *(["MIIEowIBAAKCAQEAsentinelsentinelsentinelsentinelsentinel0123"] * 26),
        "-----END RSA PRIVATE KEY-----",
    ]
)


def streamed(data: bytes, sizes: list[int], redactor: Redactor | None = None) -> tuple[str, int]:
    stream = RedactionStream(redactor or Redactor([Secret(KEY)]))
    parts, at = [], 0
    for size in sizes:
        parts.append(stream.feed(data[at : at + size]))
        at += size
    parts += [stream.feed(data[at:]), stream.close()]
    return b"".join(parts).decode("utf-8", "surrogateescape"), stream.taken


FORMS = st.sampled_from(
    [
        KEY,
        base64.b64encode(KEY.encode()).decode(),
        f"Bearer {KEY}",
        "password=hunter2hunter2",
        "postgres://app:hunter2hunter2@db/app",
        "https://hooks.slack.com/services/T0/B0/hunter2hunter2",
        "ghp_hunter2hunter2hunter2hunter2hunter2h",
        PEM.replace("sentinel", "hunter2h"),
    ]
)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=40)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(WORDS, FORMS | WORDS, st.sampled_from(["\n", " ", "\n\n"])), max_size=8),
    st.lists(st.integers(0, 60), max_size=30),
)
def test_no_secret_survives_however_the_reads_part_it(
    rows: list[tuple[str, str, str]], sizes: list[int]
) -> None:
    text = "".join(f"{before}\n{what}{after}" for before, what, after in rows)
    out, _ = streamed(text.encode("utf-8", "surrogateescape"), sizes)
    assert KEY not in out
    assert "hunter2h" not in out
    assert base64.b64encode(KEY.encode()).decode() not in out


@settings(max_examples=100)
@given(st.lists(st.integers(1, 500), max_size=40))
def test_where_the_reads_part_it_makes_no_difference(sizes: list[int]) -> None:
    data = f"one {KEY} two\n{PEM}\nthree token=abcdef123456 four\n".encode() * 3
    assert streamed(data, sizes) == streamed(data, [len(data)])


def test_a_line_without_end_and_without_spaces_keeps_no_secret_and_no_memory() -> None:
    stream = RedactionStream(Redactor([Secret(KEY)]))
    part = (b"x" * 997 + KEY.encode()) * 64
    tracemalloc.start()
    out = bytearray()
    for _ in range(64):
        out += stream.feed(part)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    out += stream.close()
    assert KEY.encode() not in out
    assert stream.taken == 64 * 64
    assert out.count(b"x" * 997) == 64 * 64
    assert held < len(out) + 40 * LONGEST_LINE


def test_a_secret_as_long_as_the_line_is_swallowed_to_its_end() -> None:
    out, taken = streamed(b"API_KEY=" + b"k" * (3 * LONGEST_LINE) + b" after\n", [LONGEST_LINE] * 3)
    assert "kkkk" not in out
    assert out.endswith(" after\n")
    assert taken >= 1


def test_a_private_key_is_taken_as_one_and_what_follows_stays() -> None:
    out, taken = streamed(f"before\n{PEM}\nafter\n".encode(), [40, 300, 300])
    assert "MIIE" not in out
    assert out.startswith("before\n")
    assert "after\n" in out
    assert taken == 1


def test_a_begin_without_an_end_does_not_take_the_rest_of_the_file() -> None:
    rows = "".join(f"line {number} of many\n" for number in range(4000))
    out, _ = streamed(f"-----BEGIN PRIVATE KEY-----\n{rows}".encode(), [100] * 300)
    assert "line 3999 of many" in out


def test_ids_hashes_and_words_stay() -> None:
    text = (
        "trace 7f3a91bc7f3a91bc7f3a91bc7f3a91bc\n"
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n"
        "commit 0123456789abcdef0123456789abcdef01234567 uid 4e0c2d4a-8c1e-4a55-9d5f-0d6f5c1b2a3d\n"
        "the token expired; a key was rotated; basic authentication; tokens=123 max_tokens: 400\n"
        "skip-this-one sk-ip task-force-monitoring-service-production-eu robot12\n"
    )
    assert streamed(text.encode(), [7] * 20) == (text, 0)


def test_what_a_terminal_would_obey_is_written_out_and_other_bytes_pass() -> None:
    data = b"a\x1b[31mred\x07 \xff\xfe\r\nb\rover \xe2\x80\xae turned\n"
    stream = RedactionStream(Redactor())
    assert stream.feed(data) + stream.close() == (
        b"a\\x1b[31mred\\x07 \xff\xfe\r\nb\\x0dover \\u202e turned\n"
    )


def test_well_known_tokens_go_and_are_counted() -> None:
    tokens = [
        "AKIAIOSFODNN7EXAMPLE",
        "AIzaSyA1234567890abcdefghijklmnopqrstuv",
        "ya29.a0AfH6SMBx1234567890abcdefghij",
        "glpat-abcdefghij0123456789",
        "xoxb-123456789012-abcdefghijkl",
        "hvs.CAESIJ1234567890abcdefghij",
        "sk-proj-abcdefghij0123456789abcdefghij",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        "SG.abcdefghijklmnopqrstuv.abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        "https://discord.com/api/webhooks/123456/abcdef-ghijkl",
        "https://outlook.office.com/webhook/1f2e3d/IncomingWebhook/abcdef",
        "https://hooks.zapier.com/hooks/catch/123456/abcdef/",
        "AccountKey=abcdefghijklmnopqrstuvwxyz0123456789+/==",
    ]
    out, taken = streamed("".join(f"saw {token} here\n" for token in tokens).encode(), [])
    for token in tokens:
        assert token not in out
    assert out.count(MARK) == taken == len(tokens)
    assert out.count("saw ") == out.count(" here\n") == len(tokens)
