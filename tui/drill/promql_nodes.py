"""The parts of a PromQL expression, as the parser makes them and the evaluator reads them."""

from dataclasses import dataclass

from tui.drill.metrics import Matcher


@dataclass(frozen=True, slots=True)
class Number:
    """A literal."""

    value: float


@dataclass(frozen=True, slots=True)
class Selector:
    """Series by matchers; `span` seconds make it a range, `offset` seconds shift it back."""

    matchers: tuple[Matcher, ...]
    span: float | None = None
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    name: str
    args: "tuple[Expr, ...]"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregation; `without` turns the meaning of `labels` round."""

    op: str
    arg: "Expr"
    labels: tuple[str, ...]
    without: bool


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between two expressions; `matching` labels, `on` or ignoring; None is all labels."""

    op: str
    left: "Expr"
    right: "Expr"
    as_bool: bool = False
    matching: tuple[str, ...] | None = None
    on: bool = False


@dataclass(frozen=True, slots=True)
class Negative:
    """A unary minus."""

    arg: "Expr"


Expr = Number | Selector | Call | Aggregate | Binary | Negative


def is_scalar(expr: Expr) -> bool:
    """Whether the expression's value is one number rather than a vector."""
    match expr:
        case Number():
            return True
        case Negative(arg):
            return is_scalar(arg)
        case Binary(left=left, right=right):
            return is_scalar(left) and is_scalar(right)
        case Call(name):
            return name in ("scalar", "time")
        case _:
            return False


def is_range(expr: Expr) -> bool:
    """Whether the expression is a range vector."""
    return isinstance(expr, Selector) and expr.span is not None
