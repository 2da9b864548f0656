"""What people wrote, as paragraphs and lists of points: the only structure that is taken from it."""

from dataclasses import dataclass

from tui.model.text import clean_lines

_POINTS = ("- ", "* ", "• ")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph with its lines, or a list with its points."""

    lines: tuple[str, ...]
    points: bool = False


def blocks(text: str) -> tuple[Block, ...]:
    """Empty lines part paragraphs; lines that begin with `- ` are points. All else is text."""
    found: list[Block] = []
    fresh = True
    for line in clean_lines(text).split("\n"):
        line = line.strip()
        if not line:
            fresh = True
            continue
        points = line.startswith(_POINTS)
        line = line[2:].strip() if points else line
        if fresh or not found or found[-1].points != points:
            found.append(Block((line,), points))
        else:
            found[-1] = Block((*found[-1].lines, line), points)
        # A list goes on over an empty line; a paragraph does not.
        fresh = False
    return tuple(found)
