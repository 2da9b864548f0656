"""The postmortem of a session that tests play by hand."""

from dataclasses import replace
from pathlib import Path

from tui.model.written import ActionItem, Section
from tui.reports.formats import Format
from tui.session.postmortem import Exported
from tui.session.writing import NEW_ITEM, Written

PROPOSED = ActionItem("alert", "No alert fired: add one that would have", "P3")


class FakeWriting:
    """Keeps what is written, as the record would.

    Attributes:
        sections, unsaved, items: what was saved, what was only typed, the list.
        beside: the file that an export leaves alone.
    """

    sections: dict[Section, str]
    unsaved: dict[str, str]
    items: dict[str, ActionItem]
    beside: Path | None = None

    def fresh_page(self) -> None:
        """Nothing is written yet."""
        self.sections, self.unsaved, self.items = {}, {}, {PROPOSED.id: PROPOSED}

    async def export(self, kind: Format, path: Path | None = None) -> Exported:
        self._did("export", kind, path)
        return Exported(path or Path(f"postmortem.{kind.ending}"), "", self.beside)

    async def postmortem(self, path: Path | None = None) -> Path:
        return (await self.export(Format.MARKDOWN, path)).path

    async def written(self) -> Written:
        self._did("written")
        unsaved = {s: self.unsaved[s.value] for s in Section if s.value in self.unsaved}
        return Written(self.sections, unsaved, tuple(self.items.values()))

    async def keep_unsaved(self, name: str, text: str) -> None:
        self.unsaved[name] = text

    async def unsaved_item(self) -> str:
        return self.unsaved.get(NEW_ITEM, "")

    async def forget_unsaved(self, name: str) -> None:
        self.unsaved.pop(name, None)

    async def write_section(self, section: Section, text: str) -> None:
        self._did("write_section", section, text)
        self.sections[section] = text
        self.unsaved.pop(section.value, None)

    async def add_item(self, action: str) -> ActionItem:
        self._did("add_item", action)
        item = ActionItem(f"i{len(self.items)}", action)
        self.items[item.id] = item
        self.unsaved.pop(NEW_ITEM, None)
        return item

    async def change_item(self, item: ActionItem, field: str, value: str) -> None:
        self._did("change_item", item.id, field, value)
        self.items[item.id] = replace(item, **{field: value})  # type: ignore[arg-type]

    async def remove_item(self, item: ActionItem) -> None:
        self._did("remove_item", item.id)
        del self.items[item.id]

    def _did(self, *call: object) -> None:
        raise NotImplementedError
