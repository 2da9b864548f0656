"""The pages that look closer at one thing: the way out, log errors, limits, a draft. Pure functions."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tui.model import times
from tui.model.change import Change, Difference
from tui.model.log_shapes import LogShapes
from tui.model.network_look import Certificate, NetworkLook, Resolved
from tui.model.network_policy import EgressView, Ruling
from tui.model.reading import Allowance, Check, Held, Reading, State
from tui.screens.page import Page, Row
from tui.screens.view import NAMES, age, moment
from tui.session.snapshot import Snapshot

BLANK = Row("", " ")
NOT_THE_PODS = "What is reached from this machine says nothing about the pods: their way out is another."
_VERDICTS = {"allowed": "ok", "denied": "fail", "depends": "warn", "unknown": "unknown"}
_SOON = timedelta(days=14)


def network(snapshot: Snapshot, look: NetworkLook | None, now: datetime, refused: str = "") -> Page:
    """The way to the API: from the pods, by their policies, and from here, asked just now.

    `look` None is one that is under way, or was `refused`.
    """
    pods = snapshot.checks.get(Check.WORKLOAD)
    view = next(iter(pods.good.of(EgressView)), None) if pods and pods.good else None
    return (
        Row("", "From the pods: reasoned from the cluster's NetworkPolicies, nothing is sent", "title"),
        *_egress(view, pods),
        BLANK,
        Row("", "From here", "title"),
        Row("note", NOT_THE_PODS, "accent"),
        *_check(snapshot, Check.NETWORK, now),
        *(_look(look) if look else (_no_look(refused),)),
        BLANK,
        Row("", "r asks again", "dim"),
    )


def _egress(view: EgressView | None, pods: Held | None) -> Iterator[Row]:
    if view is None:
        why = pods.latest.remedy or pods.latest.summary if pods else "the workload was not asked yet"
        yield Row("egress", f"unknown: {why}", "unknown")
        return
    yield Row("egress", f"{view.verdict} to {view.host}, port {view.port}", _VERDICTS[view.verdict])
    yield from (Row("unknown", said, "unknown") for said in view.unknowns)
    yield from (_ruling(ruling) for ruling in view.rulings)
    yield from (_ruling(ruling) for ruling in view.names)
    yield Row("policies", ", ".join(view.isolating) or "none restricts the pods' egress")
    if view.elsewhere:
        yield Row("elsewhere", f"{', '.join(view.elsewhere)} (of other namespaces: they do not count here)")
    yield from (Row("mind", said, "dim") for said in view.caveats)


def _ruling(ruling: Ruling) -> Row:
    words = {True: ("allowed", "ok"), False: ("denied", "fail"), None: ("unknown", "unknown")}
    word, role = words[ruling.allowed]
    return Row(word, ruling.why, role)


def _look(look: NetworkLook) -> Iterator[Row]:
    yield Row("proxy", f"{look.proxy} applies to this address" if look.proxy else "none applies")
    yield from (Row("", f"{name}={value}") for name, value in look.settings)
    if look.system is not None:
        yield _resolved(look.system)
    yield from (_resolved(answer) for answer in look.resolvers)
    answers = {frozenset(answer.addresses) for answer in look.resolvers if not answer.error}
    if len(answers) > 1:
        yield Row("", "The resolvers give different addresses.", "warn")
    if look.certificate is not None:
        yield from _certificate(look.certificate, look.at)
    yield from (Row("", said, "unknown") for said in look.trouble)
    yield Row("asked", f"at {moment(look.at)} UTC", "dim")


def _no_look(refused: str) -> Row:
    if refused:
        return Row("from here", refused, "fail")
    return Row("asking", "each resolver and the certificate…", "unknown")


def _resolved(answer: Resolved) -> Row:
    if answer.error:
        return Row(answer.server, answer.error, "fail")
    spent = "" if answer.ms is None else f"  {answer.ms:.0f} ms"
    return Row(answer.server, f"{', '.join(answer.addresses)}{spent}")


def _certificate(found: Certificate, at: datetime) -> Iterator[Row]:
    yield Row("certificate", found.subject or ", ".join(found.names) or "names nobody")
    yield Row("issued by", found.issuer, "" if found.trusted else "warn")
    if found.names:
        yield Row("for", ", ".join(found.names))
    if found.expires is not None:
        left = found.expires - at
        ends = f"{found.expires:%Y-%m-%d %H:%M} UTC"
        if left < timedelta(0):
            yield Row("expires", f"{ends}: it has expired", "fail")
        else:
            yield Row("expires", f"{ends}, in {times.span(left)}", "warn" if left < _SOON else "")
    if found.trusted:
        yield Row("trusted", "yes: its chain and its name are believed here", "ok")
    else:
        said = "look for a proxy that intercepts TLS, or a missing certificate authority"
        yield Row("trusted", f"no: {found.why}; {said}", "fail")


def logs(snapshot: Snapshot, now: datetime) -> Page:
    """The pods' log errors by shape, and the last change set against when errors began."""
    pods = snapshot.checks.get(Check.WORKLOAD)
    reading = pods.good if pods else None
    rows: list[Row] = [Row("", "The last change of the deployment", "title")]
    change = next(iter(reading.of(Change)), None) if reading else None
    rows += _change(change, reading, now) if reading and change else [Row("change", "not known", "unknown")]
    rows += [BLANK, Row("", "Errors in the pods' logs, by shape", "title")]
    found = next(iter(reading.of(LogShapes)), None) if reading else None
    rows += _shapes(found) if found else [Row("logs", _why(pods), "unknown")]
    return tuple(rows)


def _change(change: Change, reading: Reading, now: datetime) -> list[Row]:
    cause = f": {change.cause}" if change.cause else ", no cause written"
    rows = [Row("revision", f"{change.revision or 'unknown'}{cause}", "bold")]
    if change.at is not None:
        rows.append(Row("when", f"{times.rfc3339(change.at)}, {age(now - change.at)} ago"))
    against = reading.facts.get("change_against_errors")
    if isinstance(against, str):
        rows.append(Row("errors", f"began {against} revision {change.revision}", "warn"))
    else:
        rows.append(Row("errors", "when they began is not known, or there are none", "dim"))
    if not change.previous:
        rows.append(Row("before", "no older revision is kept"))
        return rows
    rows.append(Row("before", f"revision {change.previous}"))
    rows += [_difference(one) for one in change.differences]
    if not change.differences:
        rows.append(Row("", "the same containers: a restart, or other parts of the template"))
    return rows


def _difference(one: Difference) -> Row:
    before, after = (("(unset)" if value is None else value) for value in (one.before, one.after))
    return Row("differs", f"{one.what}  {before} → {after}")


def _shapes(found: LogShapes) -> list[Row]:
    seconds = f"{found.window_s:.0f} s"
    least = "at least " if found.cut else ""
    pods = f"{found.pods} pod{'s' if found.pods != 1 else ''}"
    rows = [Row("in all", f"{least}{found.lines} error lines in the last {seconds} of {pods}")]
    for shape in found.shapes:
        rows += [Row(f"{shape.count} x", shape.shape, "bold"), Row("", f"such as  {shape.example}", "dim")]
    if found.rest:
        rows.append(Row(f"{found.rest} x", "of other shapes"))
    return rows


def limits(snapshot: Snapshot, now: datetime, link: str = "") -> Page:
    """What the Mistral API said, every limit by window with what is left of it, and where they are set."""
    held = snapshot.checks.get(Check.MISTRAL_API)
    reading = held.good if held else None
    rows: list[Row] = [*_check(snapshot, Check.MISTRAL_API, now), BLANK]
    rows.append(Row("", "Limits, by the answer's headers", "title"))
    told = reading.of(Allowance) if reading else ()
    rows += [_allowance(one) for one in told] or [Row("limits", "the answer tells none", "unknown")]
    retry = reading.facts.get("retry_after_s") if reading else None
    if isinstance(retry, int | float):
        rows.append(Row("retry", f"Mistral asks to wait {retry:g} s"))
    if told:
        said = "Limits belong to the organisation and the model; no header says when one begins anew."
        rows.append(Row("mind", said))
    if link:
        rows.append(Row("link", link))
    return tuple(rows)


def _allowance(one: Allowance) -> Row:
    limit = "unknown" if one.limit is None else f"{one.limit:,}"
    label = f"{one.what}/{one.window}"
    if one.limit == 0:
        return Row(label, "0 allowed: no waiting helps", "fail")
    if one.remaining is None:
        return Row(label, f"limit {limit}")
    share = f" ({one.remaining * 100 // one.limit} %)" if one.limit else ""
    return Row(label, f"{one.remaining:,} of {limit} left{share}", "" if one.remaining else "fail")


def support(lines: Iterable[str]) -> Page:
    """The draft to support, to be read and copied."""
    return tuple(Row("", line or " ") for line in lines)


def _check(snapshot: Snapshot, check: Check, now: datetime) -> Iterator[Row]:
    held = snapshot.checks.get(check)
    if held is None:
        yield Row(NAMES[check][0], "asking…", "unknown")
        return
    latest = held.latest
    yield Row(NAMES[check][0], f"{latest.state}: {latest.summary}, {age(now - latest.at)} ago", latest.state)
    yield from (Row("evidence", line) for line in latest.evidence)
    if latest.remedy:
        yield Row("to do", latest.remedy, "accent")


def _why(held: Held | None) -> str:
    if held is None:
        return "the workload was not asked yet"
    if held.latest.state is State.UNSET:
        return held.latest.remedy
    return held.latest.note or "the logs could not be read"
