"""The two sides: how each is started in an arrangement of processes and threads, and how its figure is read."""
import json
import math
import os
import secrets
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from children import Command, together
from hosts import OneHost, TwoHosts

WARM_UP = 10  # steps that `bench step` leaves out at the start; so do we where we read a run's metrics ourselves
LEAST_STEPS = 5
DEFAULT_BUCKET_MB = 25  # DistributedDataParallel's
# Seconds to start, compile and end. The measuring time comes on top, times PATIENCE since the machine may be busy.
SPARE_SECONDS, PATIENCE = 180.0, 8.0


@dataclass(frozen=True)
class Reading:
    speed: float  # samples a second, or exchanges a second
    seconds: float  # that it was measured for
    share: float | None = None  # of the peak of the machine's own products
    others: float = 0  # the share of the machine that other work had meanwhile


class Contestant(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def processes(self) -> int: ...

    def measure(self, seconds: float) -> Reading: ...


@dataclass(frozen=True)
class Arrangement:
    processes: int
    threads: int

    def __str__(self) -> str:
        return f"{self.processes} × {self.threads}"


@dataclass(frozen=True)
class Work:
    """What both sides are given to do."""

    minibatch: int
    precision: str = "fp32"

    @property
    def settings(self) -> list[str]:
        """Arguments for Lockstep. The default precision is not named, so that a version that knows no other can run."""
        recipe = ["--recipe", "mnist-likelihood", "--set", "data.set=glyphs", "--set", "shards=4", "--minibatch", str(self.minibatch)]
        return recipe + ([] if self.precision == "fp32" else ["--set", f"precision={self.precision}"])


class Lockstep(ABC):
    """Runs of as many steps as fill the wanted time, by a guess at first and by the last reading afterwards."""

    name: str
    processes: int

    def __init__(self, work: Work, guess: float) -> None:
        self.work, self.rate = work, guess

    @abstractmethod
    def run(self, steps: int, limit: float) -> Reading: ...

    def measure(self, seconds: float) -> Reading:
        for _ in range(2):
            steps = max(LEAST_STEPS, math.ceil(seconds * self.rate / self.work.minibatch))
            warm_up = WARM_UP * self.work.minibatch / self.rate
            reading = self.run(WARM_UP + steps, SPARE_SECONDS + PATIENCE * (seconds + warm_up))
            self.rate = reading.speed
            # Once more where the guess was far too low.
            if reading.seconds > 0.6 * seconds:
                break
        return reading


class LockstepOnOneHost(Lockstep):
    """`lockstep bench step`."""

    def __init__(self, lockstep: str, work: Work, arrangement: Arrangement, engine: str) -> None:
        super().__init__(work, guess=1_500)
        self.name, self.processes = f"{arrangement}, {engine}", arrangement.processes
        self.arguments = [
            lockstep, "bench", "step", "--json", *work.settings, "--engine", engine, "--workers", str(arrangement.processes),
            "--threads", str(arrangement.threads),
        ]  # fmt: skip

    def run(self, steps: int, limit: float) -> Reading:
        said = json.loads(together([Command([*self.arguments, "--steps", str(steps)])], limit))
        return Reading(said["samples_per_second"], 1e-3 * said["steps"] * said["milliseconds"]["step"], said["share_of_peak"])


class LockstepOnTwoHosts(Lockstep):
    """A coordinator and a worker on the one host, a worker on the other; the images come over the link as well."""

    processes = 2

    def __init__(self, lockstep: str, work: Work, hosts: TwoHosts, bits: str) -> None:
        super().__init__(work, guess=400)
        self.name = bits if bits == "full" else f"{bits} bit"
        self.lockstep, self.hosts, self.bits = lockstep, hosts, bits

    def run(self, steps: int, limit: float) -> Reading:
        address = f"{self.hosts.address}:{self.hosts.port}"
        with tempfile.TemporaryDirectory() as place:
            folder, token = Path(place) / "run", Path(place) / "token"
            token.touch(mode=0o600)
            token.write_text(secrets.token_urlsafe(32) + "\n")
            worker = [self.lockstep, "worker", "--coordinator", address, "--token-file", str(token), "--threads", "1"]
            coordinator = [
                self.lockstep, "coordinator", "--listen", address, "--token-file", str(token), "--run", str(folder), "--workers", "2",
                *self.work.settings, "--engine", "portable", "--gradient-bits", self.bits, "--steps", str(steps),
                # As many images as make whole minibatches: no step is smaller than the rest.
                "--set", "data.train=49152", "--set", "evaluate.every_epochs=0", "--set", "figures.every_epochs=0",
                "--set", "checkpoint.every_epochs=0", "--set", "checkpoint.every_seconds=0",
            ]  # fmt: skip
            together([self.hosts.on(0, coordinator), self.hosts.on(0, worker), self.hosts.on(1, worker)], limit)
            lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
            ends = [line["seconds"] for line in lines if line["kind"] == "step"]
        seconds = ends[-1] - ends[WARM_UP - 1]
        return Reading((len(ends) - WARM_UP) * self.work.minibatch / seconds, seconds)


class LockstepAllReduce:
    """`lockstep bench allreduce`: two members in one process, over loopback TCP."""

    processes = 2

    def __init__(self, lockstep: str, elements: int) -> None:
        self.name, self.rate = "ring", 50.0
        self.arguments = [lockstep, "bench", "allreduce", "--json", "--workers", "2", "--elements", str(elements)]

    def measure(self, seconds: float) -> Reading:
        for _ in range(2):
            repeats = max(11, math.ceil(seconds * self.rate))
            command = Command([*self.arguments, "--repeats", str(repeats)])
            self.rate = 1e3 / json.loads(together([command], SPARE_SECONDS + PATIENCE * seconds))["milliseconds"]
            if repeats / self.rate > 0.6 * seconds:
                break
        return Reading(self.rate, repeats / self.rate)


@dataclass(frozen=True)
class PyTorch:
    """`pytorch_ddp.py`, one process for each rank."""

    python: str
    cache: str
    work: Work
    arrangement: Arrangement
    hosts: OneHost | TwoHosts = OneHost()
    is_compiled: bool = False
    hook: str = "none"
    bucket_mb: int = DEFAULT_BUCKET_MB

    @property
    def processes(self) -> int:
        return self.arrangement.processes

    @property
    def name(self) -> str:
        parts = [str(self.arrangement)] if isinstance(self.hosts, OneHost) else ["DDP"]
        parts += [f"{self.hook} gradients"] if self.hook != "none" else []
        parts += [f"buckets of {self.bucket_mb} MB"] if self.bucket_mb != DEFAULT_BUCKET_MB else []
        return ", ".join(parts + (["compiled"] if self.is_compiled else []))

    def compiled(self) -> "PyTorch":
        return replace(self, is_compiled=True)

    def measure(self, seconds: float) -> Reading:
        options = ["--minibatch", str(self.work.minibatch), "--precision", self.work.precision, "--hook", self.hook]
        options += ["--bucket-mb", str(self.bucket_mb)]
        options += ["--compile"] if self.is_compiled else []
        said = ranks(self.python, self.cache, self.hosts, self.arrangement, options, seconds)
        return Reading(float(said["samples_per_second"]), float(said["seconds"]))


@dataclass(frozen=True)
class Gloo:
    """Gloo's all-reduce of floats as PyTorch calls it, two processes over loopback."""

    python: str
    cache: str
    elements: int
    name: str = "Gloo"
    processes: int = 2

    def measure(self, seconds: float) -> Reading:
        options = ["--all-reduce", str(self.elements)]
        said = ranks(self.python, self.cache, OneHost(), Arrangement(2, 1), options, seconds)
        return Reading(1e3 / float(said["milliseconds"]), float(said["seconds"]))


def ranks(
    python: str, cache: str, hosts: OneHost | TwoHosts, arrangement: Arrangement, options: Sequence[str], seconds: float
) -> dict[str, float]:
    """Runs one process for each rank, on cores of its own, and returns what rank 0 measured."""
    limit = SPARE_SECONDS + PATIENCE * seconds
    program = str(Path(__file__).with_name("pytorch_ddp.py"))
    world, threads, port = arrangement.processes, arrangement.threads, hosts.port
    ours = sorted(os.sched_getaffinity(0))
    commands = []
    for rank in range(world):
        cores = ",".join(map(str, ours[rank * threads : (rank + 1) * threads]))
        arguments = [
            python, program, "--threads", str(threads), "--cores", cores, "--seconds", str(seconds), "--limit", str(math.ceil(limit)),
            *options,
        ]  # fmt: skip
        environment = {
            "RANK": str(rank), "WORLD_SIZE": str(world), "MASTER_ADDR": hosts.address, "MASTER_PORT": str(port),
            "TORCHINDUCTOR_CACHE_DIR": cache, "TORCHINDUCTOR_COMPILE_THREADS": "1",
        }  # fmt: skip
        commands.append(hosts.on(rank, arguments, environment))
    said: dict[str, float] = json.loads(together(commands, limit))
    return said
