"""The result of a row, and the table of all rows."""

from __future__ import annotations

import dataclasses
import pathlib
import statistics
from dataclasses import dataclass

from rows import Figure, Row

BEGIN, END = "<!-- the table: begin -->\n", "<!-- the table: end -->\n"


@dataclass
class Result:
    """The result of one row."""
    row: str
    commands: list[str]
    # For each figure, one number for each seed.
    values: list[list[float]] | None = None
    # For each training, the digests of its runs, one for each seed.
    digests: list[list[str]] | None = None
    epochs: list[int] | None = None
    # For each training, the hours of one run.
    hours: list[float] | None = None
    machine: str | None = None
    lockstep: str | None = None
    # The data set that the row needs, where it is missing.
    needs: str | None = None

    @property
    def entry(self) -> dict:
        """The result as an entry of table.json."""
        return {key: value for key, value in dataclasses.asdict(self).items() if value is not None}


def number(figure: Figure, values: list[float]) -> str:
    """Mean and sample standard deviation over the seeds; with one seed, its number alone."""
    scaled = [value * 100 if figure.percent else value for value in values]
    digits = 2 if figure.percent else 1 if abs(scaled[0]) >= 100 else 3
    deviation = f" ± {statistics.stdev(scaled):.{digits}f}" if len(scaled) > 1 else ""
    return f"{statistics.fmean(scaled):.{digits}f}{deviation}{' %' if figure.percent else ''}"


def markdown(rows: tuple[Row, ...], results: dict[str, Result]) -> str:
    """The table, and below it the command of each row."""
    if not results:
        return "*No row has been made yet.*\n"
    lines = ["| row | | Lockstep | paper | best public | seeds | epochs | hours a run |", "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        result = results.get(row.name)
        if result is None:
            continue
        seeds = " + ".join(sorted({str(len(training.seeds)) for training in row.trainings}))
        for index, figure in enumerate(row.figures):
            title = f"{row.title}: {figure.name}" if figure.name and index == 0 else figure.name or row.title
            if result.values is None:
                cells = [f"needs the data ({result.needs})", figure.paper, figure.public, seeds, "", ""]
            else:
                epochs, spent = result.epochs[figure.training], result.hours[figure.training]
                cells = [number(figure, result.values[index]), figure.paper, figure.public, seeds, str(epochs), f"{spent:.1f}"]
            name = f"`{row.name}`" if index == 0 else ""
            lines.append("| " + " | ".join([name, title, *cells]) + " |")
    lines.append("")
    machines = sorted({result.machine for result in results.values() if result.machine})
    if machines:
        lines += [f"Trained on {'; '.join(machines)}. A row by itself: `make table ROW=NAME`, which runs", "", "```"]
        lines += [command for row in rows if row.name in results for command in unique(results[row.name].commands)]
        lines += ["```", ""]
    return "\n".join(lines)


def unique(lines: list[str]) -> list[str]:
    return list(dict.fromkeys(lines))


def publish(readme: pathlib.Path, table: str) -> None:
    """Puts the table between its marks in a README."""
    text = readme.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    readme.write_text(before + BEGIN + "\n" + table + "\n" + END + after)
