"""The lines at the top: which incident, where, what is allowed, and who else works it."""

from dataclasses import dataclass

from widgets.glyphs import UNICODE, Glyphs
from widgets.lines import Line, Piece, fit, width_of
from widgets.parts import PartsBar, PartsRow, spaced
from widgets.themes import env_role

Form = tuple[Line, tuple[Line, ...]]
# From this width on, whether mutations may run stands on the second line.
WIDE = 100


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
        response_short, update_short, leases_short: shorter words for a narrow window; "" or () cuts
            the long ones.
        company: who else is here, `with bo, cy`, the fullest words first; () leaves out the third line.
        command: who has command, `command: bo`, or ""; `commandless` that nobody who is here has it.
        under_change: that somebody else changes the target now, the fullest words first.
        shared: how the shared place stands where it is not live, the fullest words first.
        shared_role: `warn` or `fail`.
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
    response_short: str = ""
    update_short: str = ""
    leases_short: tuple[str, ...] = ()
    company: tuple[str, ...] = ()
    command: str = ""
    commandless: bool = False
    under_change: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    shared_role: str = "warn"


class Banner(PartsBar):
    """Two lines, and a third where others are here. It drops what matters least where it is narrow.

    What a clock moves stands in parts of exactly its width, so that a tick sends that part alone.
    """

    DEFAULT_CSS = "Banner { height: 2; width: 1fr; }"

    def __init__(
        self,
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        self.view = BannerView()
        rows = (PartsRow(5, glyphs=glyphs), PartsRow(5, glyphs=glyphs), PartsRow(1, glyphs=glyphs))
        super().__init__(*rows, glyphs=glyphs, id=id, classes=classes)

    def show(self, view: BannerView) -> None:
        """Show this; the same view again sends nothing."""
        if view != self.view:
            self.view = view
            self.styles.height = self.tall
            self.show_changes()

    @property
    def tall(self) -> int:
        """How many lines it takes."""
        return 3 if self.view.company else 2

    def lines_now(self) -> list[str]:
        """The characters of its lines."""
        return [row.words() for row in self.rows[: self.tall]]

    def lay_out(self, width: int) -> None:
        """The fullest form of each line that fits."""
        lines = (self._first(width), self._second(width), self._third())
        for row, forms in zip(self.rows, lines, strict=True):
            left, right = next((f for f in forms if _width(f) <= width), forms[-1])
            row.show(left, right, width)

    def _first(self, width: int) -> list[Form]:
        """Incident, severity, status, and (where it is narrow) whether mutations may run."""
        v = self.view
        full, short = self.say(v.incident), self.say(v.incident).split("-", 2)[-1]
        title = self.say(v.title)
        drill = (Piece(f" {self.say(v.drill)} ", "drill"), Piece(" ")) if v.drill else ()
        severity = Piece(self.say(v.severity), v.severity_role or "bold")
        briefly = self.say(v.response_short or v.response)

        def left(name: str, most: int) -> Line:
            words = fit(title, most, self.glyphs.ellipsis)
            return (*drill, Piece(" "), *((Piece(f"{name}  ", "dim"),) if name else ()), Piece(words, "bold"))

        def right(response: str, open_for: str, gap: int) -> tuple[Line, ...]:
            arming = () if width >= WIDE else self._arming(gap)
            clock = (Piece(f" {response}", v.severity_role),) if response else ()
            return (
                spaced(severity, *clock, gap=gap),
                spaced(Piece(self.say(v.status), "bold"), gap=gap),
                arming,
                spaced(Piece(self.say(open_for), "dim"), gap=gap),
                (Piece(" "),),
            )

        def form(name: str, response: str, open_for: str, gap: int, least: int) -> Form:
            """The title has the room that is left, and at least `least` cells."""
            beside = right(response, open_for, gap)
            room = width - width_of(left(name, 0)) - sum(width_of(part) for part in beside)
            return left(name, max(room, least)), beside

        response = self.say(v.response)
        return [
            form(full, response, v.open_for, 3, width),
            form(short, response, v.open_for, 3, width),
            form(short, response, "", 3, 24),
            form(short, briefly, "", 3, 24),
            form("", briefly, "", 2, 24),
            form("", "", "", 2, 24),
            form("", "", "", 2, 12),
        ]

    def _second(self, width: int) -> list[Form]:
        """Where, who, what is held, and when the next update is due."""
        v = self.view
        place = [self.say(p) for p in (v.context, v.namespace, v.deployment) if p]
        arming = self._arming(3) if width >= WIDE else ()
        notice = (Piece(f"  {self.say(v.notice)}", "warn"),) if v.notice else ()
        user = (Piece(f"   you: {self.say(v.user)}"),) if v.user else ()
        held = spaced(Piece(self.say("  ".join(v.leases)), "armed" if v.leases else ""), gap=2)
        update = self.say(v.update)
        shorter = self.say(v.update_short or v.update.removeprefix("next "))

        def left(between: str, *more: Piece) -> Line:
            return (Piece(f" {between.join(place)} ", env_role(v.env_colour)), *more) if place else more

        def form(where: Line, due: str, lease: Line | None = None) -> Form:
            due_line = spaced(Piece(due, v.update_role or "dim"), gap=2)
            beside: tuple[Line, ...] = (arming, due_line, (Piece(" "),))
            room = width - width_of(where) - sum(width_of(part) for part in beside)
            return where, (arming, self._held(room) if lease is None else lease, *beside[1:])

        near = left("/", *notice)
        return [
            form(left(" / ", *user, *notice), update, held),
            form(left("/", *user, *notice), shorter, held),
            form(near, shorter, held),
            form(near, shorter.partition(" (")[0], held),
            # What is held is told whole, unless somebody waits for the update now.
            *(() if v.update_role else (form(near, "", held),)),
            form(near, shorter),
            form(near, shorter.partition(" (")[0]),
            form(near, ""),
            form(left("/"), ""),
        ]

    def _third(self) -> list[Form]:
        """Who else is here, who has command, who changes the target, and how the shared place stands."""
        v = self.view
        commander = "warn" if v.commandless else "dim"

        def form(level: int, command: str) -> Form:
            company, doing, shared = (_at(words, level) for words in (v.company, v.under_change, v.shared))
            left = (
                Piece(f" {self.say(company)}"),
                *((Piece(f"   {self.say(command)}", commander),) if command else ()),
                *((Piece(f"   {self.say(doing)}", "warn"),) if doing else ()),
            )
            mark = f"{self.glyphs.state(v.shared_role)} {self.say(shared)} "
            return left, (spaced(Piece(mark, v.shared_role), gap=2) if shared else (),)

        # Who has command is told as long as there is room for it beside the shortest words.
        return [*(form(level, v.command) for level in range(4)), form(2, ""), form(3, "")]

    def _held(self, room: int) -> Line:
        """What is held in the room that is left, and in 24 cells where there is less; the rest as a count."""
        v = self.view
        if not v.leases:
            return ()
        brief = v.leases_short or v.leases[:1]
        more = len(v.leases) - len(brief)
        count = f" +{more}" if more else ""
        words = fit(self.say("  ".join(brief)), max(room - 2, 24) - len(count), self.glyphs.ellipsis)
        return spaced(Piece(words.rstrip() + count, "armed"), gap=2)

    def _arming(self, gap: int) -> Line:
        words = self.say(self.view.arming)
        if self.view.armed:
            words = f" {self.glyphs.warn} {words} "
        return (
            spaced(Piece(words, "armed" if self.view.armed else "bold"), gap=gap) if self.view.arming else ()
        )


def _at(words: tuple[str, ...], level: int) -> str:
    """The words of a level, or the shortest that there are."""
    return words[min(level, len(words) - 1)] if words else ""


def _width(form: Form) -> int:
    return width_of(form[0]) + sum(width_of(part) for part in form[1])
