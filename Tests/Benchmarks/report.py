"""The table, as Markdown and as JSON."""
import dataclasses
import json
import statistics
from collections.abc import Mapping, Sequence

from contestants import Reading
from rows import Contest, Row
from turns import CALM, Record


@dataclasses.dataclass
class Line:
    """A row with what was measured for it. The figure is the median over the turns of each turn's ratio, or of its share."""

    row: Row
    contest: Contest
    ours: Record | None = None
    theirs: Record | None = None
    figures: list[float] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)

    @property
    def figure(self) -> float | None:
        return statistics.median(self.figures) if self.figures else None

    def cells(self) -> list[str]:
        def shown(number: float) -> str:
            return f"{number:.0%}" if self.row.theirs is None else f"{number:.2f}"

        def side(record: Record | None) -> str:
            return f"{self.contest.shown(record.median)} {self.contest.unit} ({record.contestant.name})" if record else "-"

        cells = [f"`{self.row.name}`: {self.row.title}", side(self.ours), "" if self.row.theirs is None else side(self.theirs)]
        if self.figure is None:
            cells += ["-", ""]
        else:
            cells += [f"**{shown(self.figure)}**", f"{shown(min(self.figures))} to {shown(max(self.figures))}"]
        wanted = self.row.at_least
        missed = ", missed" if wanted and self.figure is not None and self.figure < wanted else ""
        return cells + ["" if wanted is None else shown(wanted) + missed]

    def value(self) -> dict[str, object]:
        def side(record: Record | None) -> object:
            return {"arrangement": record.contestant.name, "median": record.median} if record else None

        return {
            "row": self.row.name, "title": self.row.title, "figure": self.figure, "of_turns": self.figures,
            "at_least": self.row.at_least, "lockstep": side(self.ours), "pytorch": side(self.theirs), "notes": self.notes,
        }  # fmt: skip


def line(row: Row, contest: Contest, records: Sequence[Record]) -> Line:
    """The best of each side, and the notes on both."""
    made = Line(row, contest)

    def best(is_ours: bool) -> Record | None:
        pick = row.ours if is_ours else row.theirs
        those = [record for record in records if pick and record.is_ours == is_ours and pick(record.contestant)]
        for words in dict.fromkeys(record.refusal for record in those if record.refusal):
            names = [record.contestant.name for record in those if record.refusal == words]
            made.notes.append(f"{'lockstep refused' if is_ours else 'PyTorch failed'} ({'; '.join(names)}): {words}")
        made.notes += [f"{record.label}: {record.remark}" for record in those if record.remark]
        return max((record for record in those if record.turns), key=lambda record: record.median, default=None)

    made.ours, made.theirs = best(True), best(False)
    if row.theirs is None:
        made.figures = [reading.share for reading in made.ours.turns if reading.share is not None] if made.ours else []
    elif made.ours and made.theirs:
        made.figures = [ours.speed / theirs.speed for ours, theirs in zip(made.ours.turns, made.theirs.turns)]
    made.notes += contest.notes + _disturbances([record for record in (made.ours, made.theirs) if record])
    return made


def _disturbances(records: Sequence[Record]) -> list[str]:
    most = max((reading.others for record in records for reading in record.turns), default=0)
    return [f"other work had up to {most:.0%} of the machine meanwhile"] if most > CALM else []


def words_of(one: Line) -> str | None:
    """MINIBATCH PRECISION ARRANGEMENT ours theirs ratio, for programs that read what is printed; None for a row that compares no steps."""
    work = getattr(one.ours.contestant, "work", None) if one.ours else None
    if work is None or one.theirs is None or one.figure is None:
        return None
    # The name of a row on one host is precision and minibatch, and then an arrangement where it is not the best of either side.
    name = one.row.name.removeprefix(f"{work.precision}-{work.minibatch}").lstrip("-") or "best"
    return f"{work.minibatch} {work.precision} {name} {one.ours.median:.0f} {one.theirs.median:.0f} {one.figure:.2f}"


def markdown(card: Mapping[str, str], lines: Sequence[Line], how: str) -> str:
    rows = [
        ["", "Lockstep", "PyTorch", "ratio", "of the turns", "at least"],
        ["---"] * 6,
        *(one.cells() for one in lines),
    ]
    notes: dict[str, list[str]] = {}
    for one in lines:
        for note in dict.fromkeys(one.notes):
            notes.setdefault(note, []).append(f"`{one.row.name}`")
    parts = [
        "| | |\n|---|---|\n" + "\n".join(f"| {key} | {value} |" for key, value in card.items()),
        "\n".join("| " + " | ".join(cells) + " |" for cells in rows),
        how,
        "\n".join(f"    {words}" for words in map(words_of, lines) if words),
        "\n".join(f"- {', '.join(names)}: {note}" for note, names in notes.items()),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def text_of_json(card: Mapping[str, str], lines: Sequence[Line], contests: Mapping[str, Sequence[Record]], how: str) -> str:
    def of(reading: Reading | None) -> object:
        return dataclasses.asdict(reading) if reading else None

    def contestant(record: Record) -> dict[str, object]:
        return {
            "name": record.contestant.name, "is_lockstep": record.is_ours, "trial": of(record.trial),
            "turns": [of(reading) for reading in record.turns], "refusal": record.refusal,
        }  # fmt: skip

    return json.dumps(
        {
            "card": card, "how": how, "rows": [one.value() for one in lines],
            "contests": {name: [contestant(record) for record in records] for name, records in contests.items()},
        }, indent=1, ensure_ascii=False,
    ) + "\n"  # fmt: skip
