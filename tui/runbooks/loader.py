"""A runbook from YAML. Every problem of the file is told at once, each with line, path and remedy."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from tui.model.reading import Check
from tui.model.runbook import (
    AllOf,
    Branch,
    Command,
    Condition,
    Diagnosis,
    Link,
    MitigationRule,
    Query,
    Question,
    Risk,
    Runbook,
    Saying,
    SeverityCase,
    SeverityRule,
)
from tui.model.severity import Severity
from tui.runbooks import RunbookError
from tui.runbooks.changes import LEASED, read_change, read_judgement
from tui.runbooks.conditions import Conditions
from tui.runbooks.document import Node, Problems, parse, read_text
from tui.runbooks.fields import Fields, choice, nearest, span
from tui.runbooks.references import check_references

QUERIES = (
    "errors",
    "requests",
    "error_ratio",
    "p95",
    "errors_by_status",
    "errors_by_type",
    "user_errors",
    "errors_total_increase",
)
NEXT_BUSINESS_DAY = "next-business-day"
T = TypeVar("T")
_ID = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_BRACES = re.compile(r"\{([^{}]*)\}")
_IN_MEANS = ("value", "pods", "total", "before", "total_before")


def load_file(file: Path) -> Runbook:
    """Read a file. Raises RunbookError with all of its problems."""
    problems = Problems(str(file))
    source = read_text(file, problems)
    if source is None:
        raise RunbookError(problems.lines)
    return load_text(source, str(file))


def load_text(source: str, file: str = "runbook") -> Runbook:
    """As `load_file`, of a text; `file` is what the problems name."""
    problems = Problems(file)
    root = parse(source, problems)
    runbook = None if root is None else _Reader(root, problems).runbook()
    if problems or runbook is None:
        raise RunbookError(problems.lines)
    return runbook


class _Reader:
    """One reading of one file: its sections, in the order in which they rest on each other."""

    def __init__(self, root: Node, problems: Problems) -> None:
        self._problems = problems
        self._root = root
        self._top = Fields(root, problems)
        self._conditions = Conditions(self._top.members("conditions"), problems)

    def runbook(self) -> Runbook:
        top = self._top
        made = Runbook(
            id=self._id(top.text("id"), self._root),
            title=top.text("title"),
            version=top.text("version"),
            root=top.text("root"),
            severities=self._severities(),
            questions=dict(self._section("questions", self._question)),
            diagnoses=dict(self._section("diagnoses", self._diagnosis)),
            mitigations=dict(self._section("mitigations", self._mitigation, required=False)),
            queries=dict(self._section("queries", self._query)),
            links=dict(self._section("links", self._link, required=False)),
            conditions=self._conditions.named,
        )
        top.done()
        self._needed_queries(made)
        for name, node in self._top.members("conditions").items():
            if name not in self._conditions.used:
                self._problems.at(
                    node, f"no branch or saying uses the condition {name!r}", "use it or take it out"
                )
        check_references(made, self._root, self._problems)
        return made

    def _section(
        self, name: str, make: Callable[[str, Fields], T], *, required: bool = True
    ) -> Iterator[tuple[str, T]]:
        for key, node in self._top.members(name, required=required).items():
            fields = Fields(node, self._problems)
            made = make(self._id(key, node), fields)
            fields.done()
            yield key, made

    def _id(self, name: str, node: Node) -> str:
        if name and not _ID.fullmatch(name):
            self._problems.at(node, f"{name!r} is no id", "use lower-case letters, digits and single - or _")
        return name

    def _severities(self) -> Mapping[Severity, SeverityRule]:
        members = self._top.members("severities", required=True)
        rules = {}
        for name, node in members.items():
            level = self._severity(name, node)
            fields = Fields(node, self._problems)
            rule = SeverityRule(
                fields.text("definition"), self._response(fields), fields.span("update_every")
            )
            fields.done()
            if level is not None:
                rules[level] = rule
        for level in Severity:
            if members and level not in members:
                self._problems.at(self._root, f"severities lacks {level}", f"add `{level}:` under severities")
        return rules

    def _severity(self, name: str, node: Node) -> Severity | None:
        if name in set(Severity):
            return Severity(name)
        self._problems.at(node, f"no severity is called {name!r}", nearest(name, list(Severity)))
        return None

    def _response(self, fields: Fields) -> timedelta | None:
        node = fields.get("respond_within", required=True)
        return None if node is None or node.value == NEXT_BUSINESS_DAY else span(node, self._problems)

    def _question(self, name: str, fields: Fields) -> Question:
        branches = tuple(self._branch(Fields(node, self._problems)) for node in fields.items("branches"))
        if not branches:
            self._problems.at(fields.node, "has no branch", "give it `branches:`, at least one")
        node = fields.get("otherwise")
        otherwise = None if node is None else self._branch(Fields(node, self._problems), otherwise=True)
        labels = [way.label for way in (*branches, otherwise) if way]
        for label in {label for label in labels if label and labels.count(label) > 1}:
            self._problems.at(
                fields.node, f"two branches are labelled {label!r}", "label each in its own way"
            )
        return Question(name, fields.text("text"), branches, otherwise)

    def _branch(self, fields: Fields, *, otherwise: bool = False) -> Branch:
        when = None if otherwise else self._when(fields)
        branch = Branch(
            label=fields.text("label"),
            when=when or AllOf(()),
            then=fields.text("then"),
            answer=fields.text("answer", "no" if otherwise else "yes"),
            lead=fields.text("lead", ""),
            say=fields.text("say", ""),
        )
        fields.done()
        self._facts_in(fields.node, branch.say)
        return branch

    def _when(self, fields: Fields) -> Condition | None:
        node = fields.get("when", required=True)
        return None if node is None else self._conditions.read(node)

    def _diagnosis(self, name: str, fields: Fields) -> Diagnosis:
        if name == "unknown":
            remedy = "name it otherwise: the tree that waits is `unknown`"
            self._problems.at(fields.node, "'unknown' is no diagnosis of a runbook", remedy)
        return Diagnosis(
            id=name,
            title=fields.text("title"),
            severity=fields.choice("severity", Severity),
            means=fields.text("means"),
            do=fields.texts("do"),
            evidence=tuple(filter(None, map(self._evidence, fields.items("evidence")))),
            mitigations=fields.texts("mitigations"),
            links=fields.texts("links"),
            healthy=fields.flag("healthy"),
            severity_cases=tuple(filter(None, map(self._severity_case, fields.items("severity_cases")))),
        )

    def _severity_case(self, node: Node) -> SeverityCase | None:
        fields = Fields(node, self._problems)
        when, severity = self._when(fields), fields.get("severity", required=True)
        fields.done()
        level = None if severity is None else choice(severity, Severity, self._problems)
        return SeverityCase(when, level) if when and level else None

    def _evidence(self, node: Node) -> Check | Saying | None:
        if isinstance(node.value, str):
            return choice(node, Check, self._problems)
        fields = Fields(node, self._problems)
        when, say = self._when(fields), fields.text("say")
        fields.done()
        self._facts_in(node, say)
        return Saying(when, say) if when else None

    def _facts_in(self, node: Node, say: str) -> None:
        for name in self._braces(node, say):
            self._conditions.fact(name, node)

    def _braces(self, node: Node, say: str) -> tuple[str, ...]:
        """What stands in braces. Braces that do not pair are a problem."""
        if set(_BRACES.sub("", say)) & set("{}"):
            self._problems.at(node, "has a brace without its pair", "write {check.fact}, or no brace")
            return ()
        return tuple(_BRACES.findall(say))

    def _mitigation(self, name: str, fields: Fields) -> MitigationRule:
        means, change = fields.text("means"), read_change(fields)
        known = () if isinstance(change, Command) else _IN_MEANS
        for word in self._braces(fields.node, means):
            if word not in known:
                self._problems.at(fields.node, f"`means` cannot fill in {{{word}}}", nearest(word, known))
        risk = fields.choice("risk", Risk) if fields.get("risk", required=True) else None
        hold = fields.get("hold")
        if hold is not None and not isinstance(change, LEASED):
            self._problems.at(hold, f"nothing is leased by the kind {change.kind!r}", "take it out")
        fits = fields.get("fits")
        return MitigationRule(
            id=name,
            title=fields.text("title"),
            risk=risk or Risk.HIGH,
            change=change,
            judged=read_judgement(fields),
            means=means,
            hold=timedelta(hours=2) if hold is None else span(hold, self._problems),
            without_effect=fields.text("without_effect", ""),
            fits=None if fits is None else self._conditions.read(fits),
            confirm=fields.text("confirm", None if isinstance(change, Command) else ""),
        )

    def _query(self, name: str, fields: Fields) -> Query:
        promql = fields.text("promql")
        if promql and "$window" not in promql:
            self._problems.at(fields.node, "has no $window", "write the range as [$window]")
        if any(promql.count(a) != promql.count(b) for a, b in ("()", "[]", "{}")):
            self._problems.at(fields.node, "has a bracket without its pair", "mend the query")
        return Query(name, promql, fields.text("unit"), fields.text("what"))

    def _link(self, name: str, fields: Fields) -> Link:
        link = Link(name, fields.text("title"), fields.text("url"))
        if link.url and not _web_address(link.url):
            self._problems.at(fields.node, f"{link.url!r} is no https address", "write https://host/path")
        return link

    def _needed_queries(self, runbook: Runbook) -> None:
        for name in QUERIES:
            if runbook.queries and name not in runbook.queries:
                self._problems.at(self._root, f"queries lacks {name!r}", "add it: the checks ask it")


def _web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and not parts.username and " " not in url
