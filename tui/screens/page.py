"""A page of text: what there is to read of one thing, apart from how it is shown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a page: a label (may be "") and its text, wrapped beside it.

    A row of the role `title` is a heading: it stands at the left edge.
    """

    label: str
    text: str
    role: str = ""


Page = tuple[Row, ...]


def text(page: Page) -> str:
    """The page as plain text, to copy."""
    return "\n".join(f"{row.label}: {row.text}" if row.label else row.text for row in page)
