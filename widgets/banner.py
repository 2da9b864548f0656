"""The two lines at the top: which incident, where, and what is allowed."""

from dataclasses import dataclass

from widgets.lines import Line, Lines, Piece, both_ends
from widgets.themes import env_role


@dataclass(frozen=True, slots=True)
class BannerView:
    """What the banner says; every field is words, "" where there is nothing to say.

    Attributes:
        incident: the incident's id, "" while only looking.
        title: its title, or the words for "no incident" ("no incident"; the offer to resume one).
        severity: `P2`.
        severity_role: the role of severity and clock (`fail`, `warn`, ``).
        response: the response clock, `respond in 4 min` or `acknowledged in 4 min`.
        status: `INVESTIGATING`.
        open_for: `open 19 min`.
        context, namespace, deployment: where we are.
        env_colour: the environment's colour: red, orange, yellow, green, blue, purple, grey or "".
        user: who we are there.
        arming: `READ-ONLY` or `ARMED 14 min`.
        armed: whether mutations may run.
        leases: `held: MAX_CONCURRENT_MISTRAL=3 until 17:22`, one for each.
        update: `next update in 4 min (u)`.
        update_role: `warn` when it is due.
        drill: `DRILL`, or "".
        notice: a word that must not be missed ("held by another console"), or "".
    """

    incident: str = ""
    title: str = ""
    severity: str = ""
    severity_role: str = ""
    response: str = ""
    status: str = ""
    open_for: str = ""
    context: str = ""
    namespace: str = ""
    deployment: str = ""
    env_colour: str = ""
    user: str = ""
    arming: str = ""
    armed: bool = False
    leases: tuple[str, ...] = ()
    update: str = ""
    update_role: str = ""
    drill: str = ""
    notice: str = ""


class Banner(Lines):
    """Two lines. `show` it a view; it drops what matters least where it is narrow."""

    DEFAULT_CSS = "Banner { height: 2; }"

    view = BannerView()

    def show(self, view: BannerView) -> None:
        """Show this; the same view again sends nothing."""
        if view != self.view:
            self.view = view
            self.show_changes()

    def paint(self, width: int, height: int) -> list[Line]:
        """The two lines."""
        v = self.view
        first = both_ends(
            (Piece(self.text(f" {v.incident}  {v.title}")),),
            (Piece(self.text(f"{v.severity} {v.response}   {v.status}   {v.open_for}")),),
            width,
        )
        second = both_ends(
            (Piece(self.text(f" {v.context} / {v.namespace} / {v.deployment} "), env_role(v.env_colour)),),
            (Piece(self.text(f"{v.arming}  {v.update}")),),
            width,
        )
        return [first, second]
