#!/usr/bin/env python3
"""PyTorch beside Lockstep: the same model on the same cores in turns, and their ratios in one table. Usually by `make bench-peers`.

    python3 Tests/Benchmarks/peers.py --lockstep .build/release/lockstep --environment .build/peers --out peers
    python3 Tests/Benchmarks/peers.py --rows 'fp32-*,gbit-full' --turn 5 --python PYTHON

--rows names rows of the table, or patterns of them (--list prints them); without it all are measured, which takes about 25 minutes. Needs the
standard library here, and a Python with torch for the other side: without --python one is made under --environment, with pip as it is set up on
this machine. Rows of two hosts need root and iproute2: they run in two network namespaces. Nothing is written but --out, and what pip and
torch.compile keep under --environment. Control-C prints what was measured so far.

Each row is the best of either side among the arrangements that a short trial did not rule out; then they are measured in turns, A B A B …, and
the figure is the median of the turns' ratios. Before each reading it waits until other work has less than a tenth of the machine, --patience
seconds in all; where it has more during a reading, the output says so.
"""
import argparse
import fnmatch
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from children import Failed
from machine import card, has_bf16
from report import Line, line, markdown, text_of_json
from rows import ROWS, Contest, Row, Tools, contest
from turns import Measuring, Record, say

INSTALLATION_SECONDS = 3600.0


def python_with_torch(folder: Path, requirement: str) -> str:
    """The Python of a virtual environment of our own, which is made if there is none yet."""
    python = folder / "venv" / "bin" / "python"
    if not python.exists():
        say(f"making {folder / 'venv'}")
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True, timeout=INSTALLATION_SECONDS)
    if subprocess.run([str(python), "-c", "import torch"], capture_output=True, check=False, timeout=INSTALLATION_SECONDS).returncode != 0:
        say(f"installing {requirement} into it")
        subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", requirement], check=True, timeout=INSTALLATION_SECONDS, stdout=sys.stderr
        )
    return str(python)


def chosen_rows(names: str) -> list[Row]:
    patterns = [name.strip() for name in names.split(",") if name.strip()] or ["*"]
    for pattern in patterns:
        if not any(fnmatch.fnmatch(row.name, pattern) for row in ROWS):
            sys.exit(f"peers.py: there is no row {pattern}; there are: {', '.join(row.name for row in ROWS)}")
    return [row for row in ROWS if any(fnmatch.fnmatch(row.name, pattern) for pattern in patterns)]


def interrupt(_: int, __: FrameType | None) -> None:
    """Works once: ending children and removing namespaces takes a bounded time and must not be cut short."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def measured(rows: list[Row], tools: Tools, options: argparse.Namespace, lines: list[Line], records: dict[str, list[Record]]) -> None:
    """Measures contest by contest, each with all of its rows; lines and records are kept as they come."""
    measuring = Measuring(options.turns, options.turn, options.patience)
    for name in dict.fromkeys(row.contest for row in rows):
        its_rows = [row for row in rows if row.contest == name]
        say(f"{name}: {', '.join(row.name for row in its_rows)}")
        one: Contest = contest(name, tools, options.cores)
        if "bf16" in name and not has_bf16():
            one.notes.append("this CPU has no bf16 instructions: both emulate them")
        records[name] = []
        try:
            measuring.run(one, its_rows, records[name])
        except Failed as failure:
            say(f"  {failure}")
            one.notes.append(str(failure))
        except KeyboardInterrupt:
            one.notes.append("interrupted")
            raise
        finally:
            lines += [line(row, one, records[name]) for row in its_rows]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lockstep", default=".build/release/lockstep", help="the command")
    parser.add_argument("--python", help="one that has torch already")
    parser.add_argument("--environment", type=Path, default=Path(".build/peers"), help="folder for a virtual environment of our own")
    parser.add_argument("--torch", default="torch", help="what pip is to install there, as torch==2.8.0")
    parser.add_argument("--rows", default="", help="names or patterns, with commas between them")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--turn", type=float, default=10, metavar="SECONDS", help="that a contestant is measured in a turn")
    parser.add_argument("--patience", type=float, default=300, metavar="SECONDS", help="to wait in all until other work lets the machine be")
    parser.add_argument("--cores", type=int, default=2, help="that either side gets")
    parser.add_argument("--out", help="write the table there as Markdown, and it with all readings as JSON: NAME.json beside it")
    parser.add_argument("--list", action="store_true", help="print the rows, and stop")
    options = parser.parse_args()
    if options.list:
        print("\n".join(f"{row.name:16} {row.title}" for row in ROWS))
        return 0
    rows = chosen_rows(options.rows)
    mine = sorted(os.sched_getaffinity(0))
    if options.cores < 1 or options.turns < 1 or options.turn <= 0:
        parser.error("--cores and --turns are at least 1, --turn is above 0")
    if options.cores > len(mine):
        parser.error(f"--cores {options.cores}, but this process may use {len(mine)}")
    # The children of both sides inherit these cores.
    os.sched_setaffinity(0, mine[: options.cores])
    lockstep = Path(options.lockstep).resolve()
    if not os.access(lockstep, os.X_OK):
        parser.error(f"{lockstep} is no program; build it with make build, or name it with --lockstep")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    environment = options.environment.resolve()
    lines: list[Line] = []
    records: dict[str, list[Record]] = {}
    about: dict[str, str] = {}
    is_whole = False
    try:
        python = options.python or python_with_torch(environment, options.torch)
        tools = Tools(str(lockstep), python, str(environment / "inductor"))
        about.update(card(tools, options.cores))
        measured(rows, tools, options, lines, records)
        is_whole = True
    except KeyboardInterrupt:
        say("interrupted: the table ends where it was")
    except (Failed, subprocess.SubprocessError) as failure:
        say(f"peers.py: {failure}")
        return 1
    how = (
        f"{options.turns} turn{'s' * (options.turns > 1)} of about {options.turn:g} s; medians; in brackets processes × threads. The model is "
        "784-1000-1000-8 with three phases, one encoder pass for the last two, S = 4 shards. A ratio is that of samples/s, or of the times of an "
        "all-reduce the other way round. Each process of PyTorch has cores of its own, Lockstep's go where the system puts them."
    )
    table = markdown(about, lines, how)
    print(table)
    if options.out:
        out = Path(options.out).resolve()
        name = out.with_suffix("") if out.suffix in (".md", ".json") else out
        name.parent.mkdir(parents=True, exist_ok=True)
        Path(f"{name}.md").write_text(table, encoding="utf-8")
        Path(f"{name}.json").write_text(text_of_json(about, lines, records, how), encoding="utf-8")
    return 0 if is_whole else 130


if __name__ == "__main__":
    sys.exit(main())
