#!/usr/bin/env python3
"""Trains every recipe of the paper's settings for three epochs and says how long its full training would take on this machine.

Where SVHN or TFD is missing, noise of the same shape replaces it. That shows what a step costs and that it runs, but not that anything is learnt.
Finished recipes are skipped: stop with Control-C at any time, and continue with the same command. The table is printed; its numbers are kept
in --runs (proofs.json).
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys

import standins
from tables import Failed, Lockstep, Stopped, hours, machine, say

EPOCHS = 3


def recipes(lockstep: Lockstep) -> list[str]:
    output = subprocess.run([lockstep.path, "recipes"], capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in output.splitlines() if line.strip().startswith("paper/")]


def settings(lockstep: Lockstep, recipe: str) -> dict[str, str]:
    """Data set and number of epochs of a recipe, as `lockstep recipes` prints them."""
    text = subprocess.run([lockstep.path, "recipes", recipe], capture_output=True, text=True, check=True).stdout
    found = {}
    for line in text.splitlines():
        if line.startswith("epochs:"):
            found["epochs"] = line.split()[1]
        if line.startswith("data:"):
            found["set"] = line.split("set:")[1].split(",")[0].strip(" {}")
    return found


def epoch_lines(run: pathlib.Path) -> list[dict]:
    with open(run / "metrics.jsonl", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.startswith('{"kind":"epoch"')]


def prove(lockstep: Lockstep, recipe: str, runs: pathlib.Path, noise: pathlib.Path) -> dict:
    wanted = settings(lockstep, recipe)
    name = wanted["set"]
    data = lockstep.data
    stands_in = not lockstep.has(name)
    if stands_in:
        if name not in ("svhn", "tfd"):
            raise Failed(f"the data set {name} is missing: `lockstep data fetch {name}`")
        getattr(standins, name)(noise)
        data = str(noise)
    run = runs / recipe.split("/")[1]
    # `train` without seeds refuses an existing folder; with one seed it is a sweep, which continues.
    output = lockstep.run(
        "train", "--recipe", recipe, "--vary", "seed=0", "--run", str(run), "--epochs", str(EPOCHS), "--set", "evaluate.every_epochs=1",
        "--set", "figures.every_epochs=0", *(["--data", data] if data else []), "--json")
    if not output.strip():
        raise Stopped
    entry = json.loads(output)["seeds"][0]
    folder = pathlib.Path(entry["run"])
    epochs = {epoch["epoch"]: epoch["validation"] for epoch in epoch_lines(folder)}
    return {
        "recipe": recipe, "data": f"noise in {name}'s shape" if stands_in else name, "epochs": int(wanted["epochs"]),
        "hours": hours(folder) / EPOCHS * int(wanted["epochs"]), "first": epochs[1]["reconstruction"],
        "last": epochs[EPOCHS]["reconstruction"], "error": epochs[EPOCHS].get("classification", {}).get("error"),
        "digest": entry["digest"], "machine": machine(), "lockstep": lockstep.version}


def markdown(entries: list[dict]) -> str:
    lines = ["| recipe | data | epochs | the whole | held-out reconstruction after 1, 3 epochs | classification error |", "|---|---|---|---|---|---|"]
    for entry in entries:
        hours = entry["hours"]
        whole = f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} h"
        error = f"{entry['error'] * 100:.2f} %" if entry["error"] is not None else ""
        lines.append(
            f"| `{entry['recipe']}` | {entry['data']} | {entry['epochs']:,} | {whole} | "
            f"{entry['first']:.2f}, {entry['last']:.2f} | {error} |")
    lines += ["", f"On {', '.join(sorted({entry['machine'] for entry in entries}))}: what three epochs took, times the length.", ""]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lockstep", default="lockstep", help="the command")
    parser.add_argument("--runs", type=pathlib.Path, required=True, help="the folder of runs and of the numbers")
    parser.add_argument("--data", help="where data sets are found, as of `lockstep train`")
    parser.add_argument("--recipe", action="append", help="this one alone; may be repeated")
    arguments = parser.parse_args()
    lockstep = Lockstep(arguments.lockstep, arguments.data, 1)
    runs = arguments.runs.resolve()
    runs.mkdir(parents=True, exist_ok=True)
    table = runs / "proofs.json"
    done = {entry["recipe"]: entry for entry in json.loads(table.read_text())} if table.exists() else {}
    status = 0
    order = recipes(lockstep)
    for recipe in arguments.recipe or order:
        if recipe in done:
            continue
        try:
            done[recipe] = prove(lockstep, recipe, runs, runs / "noise")
        except Stopped:
            say(f"stopped in {recipe}; the same line goes on")
            return 0
        except Failed as failure:
            say(f"{recipe}: {failure}")
            status = 1
            continue
        fresh = table.with_suffix(".new")
        fresh.write_text(json.dumps([done[name] for name in order if name in done], indent=1) + "\n")
        fresh.replace(table)
    print(markdown([done[name] for name in order if name in done]), end="")
    return status


if __name__ == "__main__":
    sys.exit(main())
