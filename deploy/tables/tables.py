#!/usr/bin/env python3
"""Trains and measures the rows of the paper's tables, and writes the table.

What is finished is skipped, and what was begun continues: stop with Control-C at any time, and start the same command again. Runs, evaluations
and the table (table.md, table.json) are in --runs. For a row that is in the published table, it says whether the weights are the published ones.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import shlex
import signal
import statistics
import subprocess
import sys

from report import Result, markdown, publish, unique
from rows import ROWS, Row, Training

# A short run of any recipe. The images are so few that every recipe's data set has enough.
TRY = ("--epochs", "1", "--set", "data.train=10000", "--set", "data.validation=1000", "--set", "evaluate.every_epochs=1")

HERE = pathlib.Path(__file__).resolve().parent


class Stopped(Exception):
    """A stop was requested; what was begun continues at the next start."""


class Failed(Exception):
    """A command failed; its own message was printed before this."""


# The parent process may have blocked these signals.
STOPS = (signal.SIGINT, signal.SIGTERM)
signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Lockstep:
    """The command, its data, and the folder of the runs."""

    def __init__(self, path: str, data: str | None, at_once: int, more: tuple[str, ...] = ()) -> None:
        self.path = path
        self.data = data
        self.at_once = at_once
        # Settings of all runs in addition to their recipes'.
        self.more = more

    def run(self, *arguments: str) -> str:
        """Runs a command and returns its standard output; its standard error is this program's."""
        say("$ lockstep " + shlex.join(arguments))
        try:
            child = subprocess.Popen([self.path, *arguments], stdout=subprocess.PIPE, text=True, start_new_session=True)
        except OSError as error:
            raise Failed(f"{self.path} cannot be started ({error.strerror}): build it by `make build`, or name it with --lockstep") from error
        asked = False

        def ask(*_: object) -> None:
            nonlocal asked
            asked = True
            child.send_signal(signal.SIGTERM)

        before = {number: signal.signal(number, ask) for number in STOPS}
        try:
            output = child.communicate()[0]
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if asked:
            raise Stopped
        if child.returncode != 0:
            raise Failed(f"lockstep {arguments[0]} ended with status {child.returncode}")
        return output

    def has(self, data: str) -> bool:
        """Whether the files of a data set are there, as they were published."""
        line = [self.path, "data", "verify", data, *(["--data", self.data] if self.data else [])]
        return subprocess.run(line, capture_output=True, check=False).returncode == 0

    @property
    def version(self) -> str:
        return subprocess.run([self.path, "--version"], capture_output=True, text=True, check=True).stdout.strip()

    def training(self, training: Training, folder: pathlib.Path) -> list[str]:
        """Arguments that train the runs; the table prints the same ones with another folder."""
        return ["train", "--recipe", training.recipe, "--vary", training.vary, "--run", str(folder)]

    def train(self, training: Training, folder: pathlib.Path) -> list[dict]:
        """Trains the runs. For each seed: seed, folder, step, digest and epoch of its run."""
        at_once = min(self.at_once, len(training.seeds))
        output = self.run(
            *self.training(training, folder), *self.more, *(["--data", self.data] if self.data else []),
            *(["--at-once", str(at_once)] if at_once > 1 else []), "--json")
        # A run stopped from outside this program exits normally, but prints no table.
        if not output.strip():
            raise Stopped
        return json.loads(output)["seeds"]


def hours(run: pathlib.Path) -> float:
    """The hours that the steps of a run took, without the time between a stop and the next start."""
    seconds: dict[int, float] = {}
    minibatch = 100
    for line in (run / "config.yaml").read_text().splitlines():
        if line.startswith("minibatch:"):
            minibatch = int(line.split()[1])
    with open(run / "metrics.jsonl", encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line) if line.startswith('{"kind":"step"') else {}
            if entry.get("samples_per_second"):
                seconds[entry["step"]] = minibatch / entry["samples_per_second"]
    return sum(seconds.values()) / 3600


def machine() -> str:
    """Cores and kind of the CPU."""
    models = [line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if line.startswith("model name")]
    return f"{len(os.sched_getaffinity(0))} cores of {models[0] if models else os.uname().machine}"


class Tables:
    """The rows under one folder."""

    def __init__(self, lockstep: Lockstep, runs: pathlib.Path) -> None:
        self.lockstep = lockstep
        self.runs = runs
        self.published = self.read(HERE / "table.json")

    @staticmethod
    def read(path: pathlib.Path) -> dict[str, Result]:
        if not path.exists():
            return {}
        return {entry["row"]: Result(**entry) for entry in json.loads(path.read_text())["rows"]}

    def make(self, row: Row) -> Result:
        if row.needs and not self.lockstep.has(row.needs):
            return Result(row=row.name, needs=row.needs, commands=self.commands(row))
        runs = [self.lockstep.train(training, self.folder(row, index)) for index, training in enumerate(row.trainings)]
        reports = [[self.evaluate(row, run) for run in of_training] for of_training in runs]
        folders = [[pathlib.Path(run["run"]) for run in of_training] for of_training in runs]
        result = Result(
            row=row.name, commands=self.commands(row), values=[
                [value(report, figure.path) for report in reports[figure.training]] for figure in row.figures],
            digests=[[run["digest"] for run in of_training] for of_training in runs],
            epochs=[of_training[0]["epoch"] for of_training in runs],
            hours=[statistics.fmean(hours(folder) for folder in of_training) for of_training in folders],
            machine=machine(), lockstep=self.lockstep.version)
        self.compare(row, result)
        return result

    def folder(self, row: Row, index: int) -> pathlib.Path:
        several = len(row.trainings) > 1
        return self.runs / (row.trainings[index].recipe.split("/")[1] if several else row.runs_of or row.name)

    def commands(self, row: Row) -> list[str]:
        """The commands as a user types them who has the program on the PATH."""
        lines = []
        for index, training in enumerate(row.trainings):
            folder = pathlib.Path("runs") / self.folder(row, index).name
            lines.append(shlex.join(["lockstep", *self.lockstep.training(training, folder)]))
            names = [f"{folder.name}-seed-{seed}" for seed in training.seeds]
            lines.append(shlex.join(["lockstep", "evaluate", *names, *row.evaluation]))
        return lines

    def evaluate(self, row: Row, run: dict) -> dict:
        """The report of one run; it is kept, so that the same weights are evaluated only once."""
        kept = self.runs / "evaluations" / f"{row.name}-{pathlib.Path(run['run']).name}-{run['digest'][:16]}.json"
        if kept.exists():
            return json.loads(kept.read_text())
        data = ["--data", self.lockstep.data] if self.lockstep.data else []
        if row.parts == 1:
            output = self.lockstep.run("evaluate", run["run"], *row.evaluation, *data, "--json")
        else:
            for part in range(1, row.parts + 1):
                if not (pathlib.Path(run["run"]) / f"evaluation-{part}-of-{row.parts}.json").exists():
                    self.lockstep.run("evaluate", run["run"], *row.evaluation, *data, "--part", f"{part}/{row.parts}")
            output = self.lockstep.run("evaluate", run["run"], "--merge", "--json")
        # A stopped evaluation prints partial figures, which must not enter a row.
        if json.loads(output).get("missing"):
            raise Stopped
        kept.parent.mkdir(parents=True, exist_ok=True)
        # Written under another name first, so that a partly written report is not taken for a whole one.
        fresh = kept.with_suffix(".new")
        fresh.write_text(output)
        fresh.replace(kept)
        return json.loads(output)

    def compare(self, row: Row, result: Result) -> None:
        """Says whether the weights are those of the published table, which comes with this program."""
        published = self.published.get(row.name)
        if published is None or published.digests is None:
            return
        same = published.digests == result.digests
        say(f"{row.name}: the weights are {'the published ones, bit for bit' if same else 'not the published ones'}")


def value(report: dict, path: str) -> float:
    for key in path.split("."):
        report = report[key]
    return float(report)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lockstep", default="lockstep", help="the command")
    parser.add_argument("--list", action="store_true", help="the rows and their recipes")
    parser.add_argument("--runs", type=pathlib.Path, help="the folder of runs, evaluations and the table")
    parser.add_argument("--row", action="append", help="this row alone; may be repeated")
    parser.add_argument("--data", help="where data sets are found, as of `lockstep train`")
    parser.add_argument("--at-once", type=int, default=len(os.sched_getaffinity(0)), help="runs that train side by side (default: the cores)")
    parser.add_argument("--try", dest="trying", action="store_true", help="an epoch of 10,000 images a run: whether all goes through, in minutes")
    parser.add_argument("--publish", type=pathlib.Path, help="a README: writes table.md and table.json beside this program and the table into it")
    arguments = parser.parse_args()
    if arguments.list:
        for row in ROWS:
            print(row.name, *unique([training.recipe for training in row.trainings]))
        return 0
    if arguments.runs is None:
        parser.error("--runs says where the runs go")
    if arguments.trying and arguments.publish:
        parser.error("--try is no result to publish")
    names = [row.name for row in ROWS]
    for name in arguments.row or ():
        if name not in names:
            parser.error(f"there is no row {name!r}; there are {', '.join(names)}")
    runs = arguments.runs.resolve()
    if arguments.trying:
        runs /= "try"
    tables = Tables(Lockstep(arguments.lockstep, arguments.data, arguments.at_once, TRY if arguments.trying else ()), runs)
    tables.runs.mkdir(parents=True, exist_ok=True)
    results = Tables.read(tables.runs / "table.json")
    status = 0
    for row in [row for row in ROWS if not arguments.row or row.name in arguments.row]:
        try:
            results[row.name] = tables.make(row)
        except Stopped:
            say(f"stopped in row {row.name}; the same line goes on")
            return 0
        except Failed as failure:
            say(f"row {row.name}: {failure}")
            status = 1
            continue
        write(tables.runs, results)
    print(markdown(ROWS, results), end="")
    if arguments.publish:
        merged = tables.published | results
        write(HERE, merged)
        publish(arguments.publish, markdown(ROWS, merged))
    return status


def write(folder: pathlib.Path, results: dict[str, Result]) -> None:
    entries = [results[row.name].entry for row in ROWS if row.name in results]
    for name, text in (("table.json", json.dumps({"rows": entries}, indent=1) + "\n"), ("table.md", markdown(ROWS, results))):
        fresh = folder / f"{name}.new"
        fresh.write_text(text)
        fresh.replace(folder / name)


if __name__ == "__main__":
    sys.exit(main())
