"""The words of PromQL that the world understands, and their parser.

A subset: selectors with matchers, ranges and offsets; numbers and strings; a few functions;
aggregations by and without; arithmetic, comparison and set operators. Everything else is a
`ParseError` in Prometheus' own manner: line, column, what was found.
"""

import re
from dataclasses import dataclass

from tui.drill.metrics import NAME, Matcher
from tui.drill.promql_nodes import (
    Aggregate,
    Binary,
    Call,
    Expr,
    Negative,
    Number,
    Selector,
    is_range,
    is_scalar,
)


class ParseError(Exception):
    """The text is no expression of the subset; the message carries `line:column: parse error: …`."""


AGGREGATES = frozenset({"sum", "max", "min", "avg", "count"})
# Argument kinds: "v" instant vector, "m" range vector, "s" scalar.
FUNCTIONS: dict[str, str] = {
    "rate": "m",
    "increase": "m",
    "irate": "m",
    "histogram_quantile": "sv",
    "vector": "s",
    "scalar": "v",
    "absent": "v",
    "time": "",
}
COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
SETS = frozenset({"and", "or", "unless"})
_BINDING = {
    "or": 1,
    **dict.fromkeys(("and", "unless"), 2),
    **dict.fromkeys(COMPARISONS, 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%"), 5),
}
_UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
    |(?P<duration>(?:\d+(?:ms|[smhdwy]))+(?![\w.]))
    |(?P<number>0x[0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
    |(?P<word>[A-Za-z_:][\w:]*)
    |(?P<op>=~|!~|!=|==|>=|<=|[-+*/%<>=(){}\[\],])""",
    re.VERBOSE,
)
_DURATION_PART = re.compile(r"(\d+)(ms|[smhdwy])")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
# What the evaluator can follow without running out of stack.
_MAX_DEPTH = 50
_MAX_OPERATORS = 200


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def duration_seconds(text: str) -> float:
    """`1h30m` in seconds. Raises ValueError for anything else."""
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"not a valid duration string: {text!r}")
    return float(sum(int(number) * _UNIT_SECONDS[unit] for number, unit in parts))


def parse(text: str) -> Expr:
    """The expression that the text says. Raises ParseError."""
    parser = _Parser(text)
    if parser.peek().kind == "end":
        raise ParseError("unknown position: parse error: no expression found in input")
    found = parser.expression(0)
    if parser.peek().kind != "end":
        raise parser.unexpected()
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._scan()
        self._at = 0
        self._depth = 0
        self._operators = 0

    def _scan(self) -> list[_Token]:
        tokens, at = [], 0
        while at < len(self._text):
            match = _TOKEN.match(self._text, at)
            if match is None:
                raise self._error(at, f"unexpected character: {self._text[at]!r}")
            kind = match.lastgroup or ""
            if kind != "space":
                tokens.append(_Token(kind, match.group(), at))
            at = match.end()
        return [*tokens, _Token("end", "", len(self._text))]

    def _error(self, at: int, what: str) -> ParseError:
        line = self._text.count("\n", 0, at) + 1
        column = at - (self._text.rfind("\n", 0, at) + 1) + 1
        return ParseError(f"{line}:{column}: parse error: {what}")

    def unexpected(self, wanted: str = "") -> ParseError:
        token = self.peek()
        found = "end of input" if token.kind == "end" else f'"{token.text}"'
        return self._error(token.at, f"unexpected {found}" + (f", expected {wanted}" if wanted else ""))

    def peek(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _accept(self, text: str) -> bool:
        token = self.peek()
        if token.kind in ("op", "word") and token.text.lower() == text:
            self._next()
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise self.unexpected(f'"{text}"')

    def _take(self, kind: str) -> str:
        if self.peek().kind != kind:
            raise self.unexpected(kind)
        return self._next().text

    def expression(self, floor: int) -> Expr:
        """Precedence climbing; all operators of the subset group to the left."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error(self.peek().at, "expression is nested too deeply")
        left = self._unary()
        while (binding := _BINDING.get(self.peek().text.lower(), 0)) > floor:
            left = self._binary(left, binding)
        self._depth -= 1
        return left

    def _binary(self, left: Expr, binding: int) -> Binary:
        token = self._next()
        self._operators += 1
        if self._operators > _MAX_OPERATORS:
            raise self._error(token.at, "expression has too many operators")
        op = token.text.lower()
        as_bool = self._accept("bool")
        if as_bool and op not in COMPARISONS:
            raise self._error(token.at, "bool modifier can only be used on comparison operators")
        matching, on = self._matching()
        right = self.expression(binding)
        if is_range(left) or is_range(right):
            raise self._error(token.at, "binary expression must contain only scalar and instant vector types")
        scalars = (is_scalar(left), is_scalar(right))
        if op in SETS and any(scalars):
            raise self._error(token.at, f'set operator "{op}" not allowed in binary scalar expression')
        if op in COMPARISONS and all(scalars) and not as_bool:
            raise self._error(token.at, "comparisons between scalars must use BOOL modifier")
        return Binary(op, left, right, as_bool, matching, on)

    def _matching(self) -> tuple[tuple[str, ...] | None, bool]:
        for word in ("on", "ignoring"):
            if self._accept(word):
                labels = self._label_list()
                if self.peek().text.lower() in ("group_left", "group_right"):
                    raise self._error(self.peek().at, f"{self.peek().text} is not supported by this server")
                return labels, word == "on"
        return None, False

    def _unary(self) -> Expr:
        negative = False
        while (sign := self.peek().text) in ("-", "+"):
            self._next()
            negative ^= sign == "-"
        operand = self._suffixed(self._primary())
        return Negative(operand) if negative else operand

    def _primary(self) -> Expr:
        token = self.peek()
        if token.kind == "number":
            self._next()
            return Number(float(int(token.text, 16)) if token.text.startswith("0x") else float(token.text))
        if self._accept("("):
            inner = self.expression(0)
            self._expect(")")
            return inner
        if token.text == "{":
            return self._selector("")
        if token.kind != "word":
            raise self.unexpected()
        return self._word()

    def _word(self) -> Expr:
        token = self._next()
        lower, following = token.text.lower(), self.peek().text.lower()
        if lower in ("inf", "nan") and following not in ("{", "("):
            return Number(float(lower))
        if lower in AGGREGATES and following in ("(", "by", "without"):
            return self._aggregate(lower)
        if following == "(":
            return self._call(token)
        return self._selector(token.text)

    def _suffixed(self, expr: Expr) -> Expr:
        while True:
            token = self.peek()
            if self._accept("["):
                expr = self._ranged(expr, token)
            elif self._accept("offset"):
                expr = self._shifted(expr, token)
            else:
                return expr

    def _ranged(self, expr: Expr, token: _Token) -> Selector:
        span = self._duration()
        self._expect("]")
        if not isinstance(expr, Selector) or expr.span is not None or expr.offset:
            raise self._error(token.at, "ranges only allowed for vector selectors")
        if span <= 0:
            raise self._error(token.at, "duration must be greater than 0")
        return Selector(expr.matchers, span, expr.offset)

    def _shifted(self, expr: Expr, token: _Token) -> Selector:
        sign = -1 if self._accept("-") else 1
        shift = sign * self._duration()
        if not isinstance(expr, Selector):
            raise self._error(
                token.at,
                "offset modifier must be preceded by an instant vector selector or range vector selector",
            )
        return Selector(expr.matchers, expr.span, shift)

    def _duration(self) -> float:
        if self.peek().kind != "duration":
            raise self.unexpected("duration")
        return duration_seconds(self._next().text)

    def _label_list(self) -> tuple[str, ...]:
        self._expect("(")
        labels: list[str] = []
        while not self._accept(")"):
            labels.append(self._take("word"))
            if not self._accept(","):
                self._expect(")")
                break
        return tuple(labels)

    def _grouping(self) -> tuple[tuple[str, ...], bool] | None:
        for word in ("by", "without"):
            if self._accept(word):
                return self._label_list(), word == "without"
        return None

    def _aggregate(self, op: str) -> Aggregate:
        grouping = self._grouping()
        self._expect("(")
        token = self.peek()
        arg = self.expression(0)
        self._expect(")")
        if is_scalar(arg) or is_range(arg):
            raise self._error(token.at, "expected type instant vector in aggregation expression")
        labels, without = grouping or self._grouping() or ((), False)
        return Aggregate(op, arg, labels, without)

    def _call(self, token: _Token) -> Call:
        kinds = FUNCTIONS.get(token.text)
        if kinds is None:
            raise self._error(token.at, f'unknown function with name "{token.text}"')
        self._expect("(")
        args: list[Expr] = []
        while not self._accept(")"):
            args.append(self.expression(0))
            if not self._accept(","):
                self._expect(")")
                break
        if len(args) != len(kinds):
            raise self._error(
                token.at, f'expected {len(kinds)} argument(s) in call to "{token.text}", got {len(args)}'
            )
        for kind, arg in zip(kinds, args, strict=True):
            self._check_kind(token, kind, arg)
        return Call(token.text, tuple(args))

    def _check_kind(self, token: _Token, kind: str, arg: Expr) -> None:
        found = "s" if is_scalar(arg) else "m" if is_range(arg) else "v"
        if found != kind:
            words = {"s": "scalar", "m": "range vector", "v": "instant vector"}
            raise self._error(
                token.at,
                f'expected type {words[kind]} in call to function "{token.text}", got {words[found]}',
            )

    def _selector(self, name: str) -> Selector:
        matchers = [Matcher(NAME, "=", name)] if name else []
        token = self.peek()
        if self._accept("{"):
            while not self._accept("}"):
                matchers.append(self._matcher())
                if not self._accept(","):
                    self._expect("}")
                    break
        if all(m.test()("") for m in matchers):
            raise self._error(token.at, "vector selector must contain at least one non-empty matcher")
        return Selector(tuple(matchers))

    def _matcher(self) -> Matcher:
        label = self._take("word")
        op = self._next()
        if op.text not in ("=", "!=", "=~", "!~"):
            raise self._error(op.at, f'unexpected "{op.text}" in label matching, expected one of "=!=~"')
        token = self.peek()
        matcher = Matcher(label, op.text, unquote(self._take("string")))
        try:
            matcher.test()
        except re.error as error:
            raise self._error(token.at, f"error parsing regexp: {error}") from None
        return matcher


def unquote(text: str) -> str:
    """The string that a quoted literal stands for."""
    if text.startswith("`"):
        return text[1:-1]
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), text[1:-1])
