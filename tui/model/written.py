"""What people write for a postmortem: its sections and action items, each the last that was written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from tui.model.incident import Entry, Kind

# What a person typed after this in a note is an action item.
ACTION = "action:"


class Section(StrEnum):
    """A part of the postmortem that only people can write. Values are part of the journal's format."""

    SUMMARY = "summary"
    ROOT_CAUSE = "root_cause"
    WENT_WELL = "went_well"
    WENT_BADLY = "went_badly"
    BY_LUCK = "by_luck"
    OPEN_QUESTIONS = "open_questions"
    USERS_AFFECTED = "users_affected"

    @property
    def heading(self) -> str:
        """Its heading, or what it is called where it has none of its own."""
        return _TITLES[self]

    @property
    def short(self) -> bool:
        """Whether it is a few words within a line."""
        return self is Section.USERS_AFFECTED


_TITLES = {
    Section.SUMMARY: "Summary",
    Section.ROOT_CAUSE: "Root cause and contributing factors",
    Section.WENT_WELL: "What went well",
    Section.WENT_BADLY: "What went badly",
    Section.BY_LUCK: "Where we were lucky",
    Section.OPEN_QUESTIONS: "Open questions",
    Section.USERS_AFFECTED: "Users affected",
}


@dataclass(frozen=True, slots=True)
class ActionItem:
    """Something to be done after the incident.

    Attributes:
        id: what it is known by: eight hex digits, or where it came from (`note-…`, `lease-…`).
        action, priority, owner, due: as a person wrote them; "" is not set.
        removed: taken off the list; what proposes it again proposes it no more.
    """

    id: str
    action: str
    priority: str = ""
    owner: str = ""
    due: str = ""
    removed: bool = False


FIELDS = ("action", "priority", "owner", "due")


@dataclass(frozen=True, slots=True)
class Written:
    """All of it: `sections` has those with a text, `items` those of `action` entries, in their order."""

    sections: Mapping[Section, str] = field(default_factory=dict)
    items: tuple[ActionItem, ...] = ()

    def text(self, section: Section) -> str:
        """What was written there, or ""."""
        return self.sections.get(section, "")


def written(entries: Iterable[Entry]) -> Written:
    """What stands, of these entries in the order of their ids. What cannot be read changes nothing."""
    sections: dict[Section, str] = {}
    items: dict[str, ActionItem] = {}
    for entry in sorted(entries, key=lambda entry: entry.id):
        if entry.kind == Kind.SECTION:
            _take_section(sections, entry.data)
        elif entry.kind == Kind.ACTION:
            _take_item(items, entry.data)
    return Written({s: sections[s] for s in Section if sections.get(s, "").strip()}, tuple(items.values()))


def with_proposed(items: Iterable[ActionItem], proposed: Iterable[ActionItem]) -> tuple[ActionItem, ...]:
    """The list: what was proposed, as people changed it, then what they added. Removed ones are gone."""
    kept = {item.id: item for item in items}
    first = []
    for item in proposed:
        own = kept.pop(item.id, None)
        first.append(_laid_over(item, own) if own else item)
    return tuple(item for item in (*first, *kept.values()) if not item.removed and item.action)


def _laid_over(item: ActionItem, own: ActionItem) -> ActionItem:
    said = {name: getattr(own, name) for name in FIELDS if getattr(own, name)}
    return replace(item, removed=own.removed, **said)


def _take_section(sections: dict[Section, str], data: Mapping[str, Any]) -> None:
    name, text = data.get("section"), data.get("text")
    if isinstance(text, str) and name in set(Section):
        sections[Section(name)] = text


def _take_item(items: dict[str, ActionItem], data: Mapping[str, Any]) -> None:
    item_id = data.get("item")
    if not isinstance(item_id, str) or not item_id:
        return
    before = items.get(item_id, ActionItem(item_id, ""))
    said = {name: data[name] for name in FIELDS if isinstance(data.get(name), str)}
    items[item_id] = replace(before, removed=data.get("removed") is True, **said)
