"""The loader: what fits is a runbook, and of what does not every problem is told, with its remedy."""

# ruff: noqa: E501 - a table reads best with a case in a line

import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tui import runbooks
from tui.model.reading import Check
from tui.model.runbook import (
    AllOf,
    AnyOf,
    Between,
    Direction,
    EnvChange,
    Equals,
    FactName,
    Not,
    OneOf,
    Restart,
    Risk,
    Rollback,
    RotateKey,
    SameAs,
    Saying,
)
from tui.model.severity import Severity
from tui.runbooks import RunbookError
from tui.runbooks.loader import load_file, load_text

SMALL = """\
id: small
title: A small runbook
version: "1"
root: first
severities:
  P1: {definition: all fails, respond_within: 15m, update_every: 15m}
  P2: {definition: some fails, respond_within: 1h, update_every: 30m}
  P3: {definition: little fails, respond_within: 4h, update_every: 2h}
  P4: {definition: nothing fails, respond_within: next-business-day, update_every: 1d}
queries:
  errors: {promql: "sum by (model) (rate(e[$window]))", unit: /s, what: errors}
  requests: {promql: "sum(rate(r[$window]))", unit: /s, what: requests}
  error_ratio: {promql: "sum(rate(e[$window])) / sum(rate(r[$window]))", unit: ratio, what: errors each}
  p95: {promql: "histogram_quantile(0.95, sum by (le) (rate(b[$window])))", unit: s, what: duration}
  errors_by_status: {promql: "sum by (status_code) (rate(e[$window]))", unit: /s, what: errors}
  errors_by_type: {promql: "sum by (error_type) (rate(e[$window]))", unit: /s, what: errors}
  user_errors: {promql: "sum(rate(r[$window]))", unit: /s, what: errors of users}
  errors_total_increase: {promql: "sum(increase(e[$window]))", unit: calls, what: errors in all}
links:
  page: {title: A page, url: "https://example.com/page"}
mitigations:
  slower:
    title: Go slower
    risk: low
    set: {variable: SPEED, value: "3", worse: higher, numeric: true}
    judged: {query: errors, guards: [requests]}
    means: "{value} of {pods}"
conditions:
  limited: {mistral_api.http_status: 429}
questions:
  first:
    text: Is it so?
    branches:
      - {label: "so", when: limited, then: sick}
    otherwise: {label: not so, then: fine}
diagnoses:
  sick:
    title: It is so
    severity: P2
    means: So it is.
    evidence: [mistral_api, {when: limited, say: "status {mistral_api.http_status}"}]
    mitigations: [slower]
    links: [page]
  fine: {title: All is well, means: Well., healthy: true}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(RunbookError) as caught:
        load_text(text, "my.yaml")
    return list(caught.value.problems)


def changed(old: str, new: str) -> str:
    assert SMALL.count(old) == 1, old
    return SMALL.replace(old, new)


class TestShipped:
    """The Mistral runbook holds what runbook.md asks for."""

    book = runbooks.load()

    def test_it_has_every_diagnosis_of_the_command_line(self) -> None:
        assert set(self.book.diagnoses) == {
            "bad-key", "key-mismatch", "rate-limited", "provider-capacity", "no-allowance",
            "provider-outage", "network", "egress-mismatch", "app-fault", "healthy",
        }  # fmt: skip
        assert [d.id for d in self.book.diagnoses.values() if d.healthy] == ["healthy"]

    def test_severities_have_the_runbooks_clocks(self) -> None:
        told = {
            level: (rule.respond_within, rule.update_every) for level, rule in self.book.severities.items()
        }
        hour = timedelta(hours=1)
        assert told == {
            Severity.P1: (hour / 4, hour / 4),
            Severity.P2: (hour, hour / 2),
            Severity.P3: (4 * hour, 2 * hour),
            Severity.P4: (None, 24 * hour),
        }

    def test_mitigations_change_what_the_runbook_says(self) -> None:
        changes = {
            m.id: (m.change.variable, m.change.value, m.risk, m.change.worse)
            for m in self.book.mitigations.values()
            if isinstance(m.change, EnvChange)
        }
        others = {m.id: (m.change, m.risk) for m in self.book.mitigations.values() if m.id not in changes}
        assert others == {
            "rollback": (Rollback(), Risk.HIGH),
            "restart": (Restart(), Risk.MEDIUM),
            "rotate-key": (RotateKey(), Risk.HIGH),
        }
        assert changes == {
            "reduce-concurrency": ("MAX_CONCURRENT_MISTRAL", "3", Risk.MEDIUM, Direction.HIGHER),
            "enable-fallback": ("MISTRAL_FALLBACK", "true", Risk.MEDIUM, None),
            "disable-fallback": ("MISTRAL_FALLBACK", "false", Risk.MEDIUM, None),
            "raise-timeout": ("MISTRAL_TIMEOUT_MS", "120000", Risk.LOW, Direction.LOWER),
        }

    def test_a_fallback_is_judged_by_what_users_get_and_never_by_mistrals_errors(self) -> None:
        for name in ("enable-fallback", "disable-fallback"):
            judged = self.book.mitigations[name].judged
            assert judged.query == "user_errors"
            assert not {"errors", "error_ratio"} & set(judged.guards)
            assert 'mistral_requests_total{status="error"}' in self.book.queries["user_errors"].promql

    def test_every_diagnosis_says_what_to_do_by_hand(self) -> None:
        assert all(d.do and d.means and d.evidence for d in self.book.diagnoses.values())

    def test_a_query_is_asked_over_a_window_in_seconds(self) -> None:
        asked = self.book.queries["errors"].over(timedelta(minutes=5))
        assert asked == "sum by (model) (rate(mistral_errors_total[300s]))"

    def test_queries_keep_to_what_the_simulated_world_evaluates(self) -> None:
        known = {"sum", "by", "rate", "increase", "histogram_quantile"}
        for query in self.book.queries.values():
            words = set(re.findall(r"([a-z_]+)\s*\(", query.promql))
            assert words <= known, query.id


class TestLoading:
    def test_a_small_runbook_is_read_whole(self) -> None:
        book = load_text(SMALL)
        (branch,) = book.questions["first"].branches
        status = FactName(Check.MISTRAL_API, "http_status")
        assert branch.when == Equals(status, 429)
        assert (branch.answer, book.questions["first"].otherwise.answer) == ("yes", "no")  # type: ignore[union-attr]
        assert book.diagnoses["sick"].evidence == (
            Check.MISTRAL_API,
            Saying(Equals(status, 429), "status {mistral_api.http_status}"),
        )
        assert book.mitigations["slower"].hold == timedelta(hours=2)

    @pytest.mark.parametrize(
        ("written", "read"),
        [
            (
                "{mistral_api.http_status: [500, null]}",
                OneOf(FactName(Check.MISTRAL_API, "http_status"), (500, None)),
            ),
            (
                "{error_rate.ratio: {at_least: 0.05}}",
                Between(FactName(Check.ERROR_RATE, "ratio"), 0.05, None),
            ),
            (
                "{same: [mistral_api.key_fingerprint, workload.key_fingerprint]}",
                SameAs(
                    FactName(Check.MISTRAL_API, "key_fingerprint"),
                    FactName(Check.WORKLOAD, "key_fingerprint"),
                ),
            ),
            (
                "{not: {any: [{service.mistral: ok}, limited]}}",
                Not(
                    AnyOf(
                        (
                            Equals(FactName(Check.SERVICE, "mistral"), "ok"),
                            Equals(FactName(Check.MISTRAL_API, "http_status"), 429),
                        )
                    )
                ),
            ),
            (
                "{service.outcome: ok, error_rate.configured: false}",
                AllOf(
                    (
                        Equals(FactName(Check.SERVICE, "outcome"), "ok"),
                        Equals(FactName(Check.ERROR_RATE, "configured"), False),
                    )
                ),
            ),
        ],
    )
    def test_conditions(self, written: str, read: object) -> None:
        text = changed('- {label: "so", when: limited,', f'- {{label: "so", when: {written},')
        assert load_text(text).questions["first"].branches[0].when == read

    def test_no_file_is_a_problem_that_names_it(self, tmp_path: Path) -> None:
        with pytest.raises(RunbookError, match=r"gone\.yaml:1: cannot be read: No such file"):
            runbooks.load(tmp_path / "gone.yaml")
        with pytest.raises(RunbookError, match="cannot be read"):
            runbooks.load(tmp_path)

    def test_a_file_that_is_no_text_is_a_problem(self, tmp_path: Path) -> None:
        file = tmp_path / "binary.yaml"
        file.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(RunbookError, match="is not UTF-8 text"):
            load_file(file)

    def test_yaml_without_libyaml_reads_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        fast = runbooks.load()
        monkeypatch.setattr("tui.runbooks.document._LOADER", yaml.SafeLoader)
        assert runbooks.load() == fast


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(yaml, request.param):
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr("tui.runbooks.document._LOADER", getattr(yaml, request.param))


class TestProblems:
    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("title: A small", "titel: A small", "my.yaml:2: titel: unknown key 'titel'; did you mean 'title'?"),
            ("title: A small", "titel: A small", "my.yaml:1: lacks 'title'; add `title:`"),
            ("id: small", "id: Small Thing", "'Small Thing' is no id"),
            ("root: first", "root: frist", "root: no question is called 'frist'; did you mean 'first'?"),
            ("then: sick", "then: sikc", "'so' leads to 'sikc', which is nowhere; did you mean 'sick'?"),
            ("mitigations: [slower]", "mitigations: [slow]", "no mitigation is called 'slow'; did you mean 'slower'?"),
            ("links: [page]", "links: [pgae]", "no link is called 'pgae'; did you mean 'page'?"),
            ("query: errors,", "query: erors,", "no query is called 'erors'; did you mean 'errors'?"),
            ("when: limited, then", "when: limitd, then", "no condition is named 'limitd'; did you mean 'limited'?"),
            ("mistral_api.http_status: 429", "mistral_api.status: 429", "no check tells 'mistral_api.status'"),
            ("mistral_api.http_status: 429", "mistral.http_status: 429", "did you mean 'mistral_api.http_status'?"),
            ("mistral_api.http_status: 429", 'mistral_api.http_status: "429"', "is '429', but mistral_api.http_status is a number"),
            ("mistral_api.http_status: 429", "mistral_api.error_code: 1300", "write a text; put it in quotes"),
            ("mistral_api.http_status: 429", "mistral_api.outcome: time-out", "is never 'time-out'; did you mean 'timeout'?"),
            ("mistral_api.http_status: 429", "alerts.names: X", "alerts.names is a list, which cannot be tested"),
            ("mistral_api.http_status: 429", "service.mistral: {at_least: 1}", "service.mistral is a text, which has no range"),
            ("mistral_api.http_status: 429", "mistral_api.http_status: {at_least: 5, at_most: 4}", "swap the bounds"),
            ("mistral_api.http_status: 429", "mistral_api.http_status: {}", "is a range without bounds"),
            ("mistral_api.http_status: 429", "mistral_api.http_status: {from: 1}", "unknown key 'from'"),
            ("mistral_api.http_status: 429", "all: []", "combines nothing"),
            ("mistral_api.http_status: 429", "same: [mistral_api.model]", "compares 1 facts; name exactly two facts"),
            ("mistral_api.http_status: 429", "not: limited", "rests on itself: limited > limited"),
            ("severity: P2\n", "severity: P5\n", "diagnoses.sick.severity: is 'P5'; did you mean 'P"),
            ("evidence: [mistral_api,", "evidence: [mistral,", "is 'mistral'; did you mean 'mistral_api'?"),
            ("status {mistral_api.http_status}", "status {mistral_api.stat}", "no check tells 'mistral_api.stat'"),
            ("status {mistral_api.http_status}", "status {mistral_api.http_status", "has a brace without its pair"),
            ("{value} of {pods}", "{values} of {pods}", "`means` cannot fill in {values}; did you mean 'value'?"),
            ("risk: low", "risk: lowest", "is 'lowest'; did you mean 'low'?"),
            ('value: "3"', "value: 3", "mitigations.slower.set.value: is '3', not a text"),
            ('value: "3"', 'value: "three"', "'three' is no number"),
            ("variable: SPEED", "variable: SP-EED", "'SP-EED' is no variable's name"),
            ("worse: higher, numeric: true", "worse: higher", "worse and per_pod are about numbers; add numeric: true"),
            ("https://example.com/page", "http://example.com/page", "is no https address"),
            ("https://example.com/page", "https://u:p@example.com/", "is no https address"),
            ("respond_within: 15m", "respond_within: soon", "severities.P1.respond_within: is 'soon', no duration"),
            ("P4: {", "P5: {", "no severity is called 'P5'"),
            ("sum(rate(r[$window]))\", unit: /s, what: requests", "sum(rate(r[5m]))\", unit: /s, what: requests", "has no $window"),
            ("sum(increase(e[$window]))", "sum(increase(e[$window])", "has a bracket without its pair"),
            ("  p95: {", "  p96: {", "queries lacks 'p95'; add it"),
            ("  fine: {", "  unknown: {", "'unknown' is no diagnosis of a runbook"),
            ("then: fine}", "then: sick}", "my.yaml:44: diagnoses.fine: no branch leads here"),
            ("then: fine}", "then: first}", "leads back to itself: first > first; break the circle"),
            ("label: not so", 'label: "so"', "two branches are labelled 'so'"),
            ("healthy: true", "healthy: 1", "diagnoses.fine.healthy: is '1', not true or false"),
            ("title: All is well", "title: ''", "diagnoses.fine.title: is empty"),
            ("    mitigations: [slower]\n", "", "mitigations.slower: no diagnosis offers it"),
            ("conditions:\n", "conditions:\n  spare: {service.outcome: ok}\n", "uses the condition 'spare'"),
            ("version: \"1\"", "version: \"1\"\nversion: \"2\"", "my.yaml:4: the key 'version' stands here twice, first on line 3"),
            ("version: \"1\"", "version: 2026-11-23", "timestamp values are not read; put the value in quotes"),
            ("version: \"1\"", "version: &v x", "anchors and aliases are not read"),
            ("version: \"1\"", "version: !!python/object:os.system x", "values are not read"),
            ("version: \"1\"", "version: .nan", "is no finite number"),
            ("version: \"1\"", "version: [", "no YAML"),
        ],
    )  # fmt: skip
    def test_each_names_its_place_and_its_remedy(self, old: str, new: str, said: str) -> None:
        found = problems(changed(old, new))
        assert any(said in line for line in found), found
        assert all(re.match(r"my\.yaml:\d+: .*; ", line) for line in found)

    def test_all_are_told_at_once_in_the_order_of_lines(self) -> None:
        text = (
            changed("title: A small", "titel: A small")
            .replace("then: sick", "then: sikc")
            .replace("risk: low", "risk: no")
        )
        found = problems(text)
        assert len(found) >= 4
        lines = [int(line.split(":")[1]) for line in found]
        assert lines == sorted(lines)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "holds no mapping"),
            ("- a\n- b\n", "holds no mapping"),
            ("just words", "holds no mapping"),
            ("a: 1\n---\nb: 2\n", "holds a second document"),
            ("a: " + "[" * 200 + "]" * 200, "nests deeper than"),
            ("a: " + "{b: " * 200 + "}" * 200, "nests deeper than"),
            ("a: " + "x" * 300_000, "is larger than 256 KiB"),
            ("a: \x00", "no YAML"),
            ("{[1]: 2}", "a key is a text"),
        ],
    )
    @pytest.mark.usefixtures("either_parser")
    def test_what_is_no_runbook_at_all(self, text: str, said: str) -> None:
        assert any(said in line for line in problems(text))

    def test_an_alias_bomb_is_refused_before_it_is_built(self) -> None:
        bomb = 'a: &a ["x","x"]\n' + "".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(20)
        )
        assert len(problems(bomb)) == 1

    def test_conditions_that_multiply_are_refused(self) -> None:
        grown = "".join(f"  c{n}: {{any: [c{n - 1}, c{n - 1}, c{n - 1}]}}\n" for n in range(1, 15))
        text = changed(
            "  limited: {",
            f"  c0: {{mistral_api.http_status: 1}}\n{grown}  limited: {{any: [c14, ok]}}\n  ok: {{",
        )
        assert any("grows too large" in line for line in problems(text))

    def test_a_circle_through_several_questions_is_told(self) -> None:
        more = "    otherwise: {label: not so, then: second}\n  second:\n    text: And?\n    branches:\n      - {label: a, when: limited, then: first}\n    otherwise: {label: b, then: fine}\n"
        text = changed("    otherwise: {label: not so, then: fine}\n", more)
        assert any("leads back to itself: first > second > first" in line for line in problems(text))

    def test_what_it_repeats_of_the_file_holds_no_control_characters(self) -> None:
        found = problems(changed("id: small", 'id: "\\e[31mred\\e[0m\\u202e"'))
        assert not any(c in line for line in found for c in "\x1b\u202e")


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
SECTIONS = list(yaml.safe_load(SMALL))


class TestAnything:
    """Whatever a file holds, it is a runbook or a RunbookError."""

    def check(self, text: str) -> None:
        try:
            load_text(text)
        except RunbookError as error:
            assert error.problems

    @given(st.text())
    def test_any_text(self, text: str) -> None:
        self.check(text)

    @given(PLAIN)
    def test_any_yaml(self, value: object) -> None:
        self.check(yaml.safe_dump(value))

    @settings(max_examples=60)
    @given(st.sampled_from(SECTIONS), PLAIN)
    def test_a_runbook_with_one_section_replaced(self, section: str, value: object) -> None:
        self.check(yaml.safe_dump(yaml.safe_load(SMALL) | {section: value}))

    @settings(max_examples=120)
    @given(st.data())
    def test_a_runbook_with_one_inner_value_replaced(self, data: st.DataObject) -> None:
        book = yaml.safe_load(SMALL)
        at = book
        for _ in range(data.draw(st.integers(0, 4))):
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            if not keys:
                break
            key = data.draw(st.sampled_from(keys))
            if not isinstance(at[key], dict | list):
                break
            at = at[key]
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        if keys:
            at[data.draw(st.sampled_from(keys))] = data.draw(PLAIN)
        self.check(yaml.safe_dump(book))

    @settings(max_examples=60)
    @given(st.integers(0, len(SMALL)), st.integers(0, 30), st.text(max_size=5))
    def test_a_runbook_with_a_piece_cut_out(self, start: int, length: int, put: str) -> None:
        self.check(SMALL[:start] + put + SMALL[start + length :])
