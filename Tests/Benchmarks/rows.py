"""The table: which rows there are, what each compares, and which arrangements are tried for it."""
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from contestants import (
    DEFAULT_BUCKET_MB,
    Arrangement,
    Contestant,
    Gloo,
    LockstepAllReduce,
    LockstepOnOneHost,
    LockstepOnTwoHosts,
    PyTorch,
    Work,
)
from hosts import TwoHosts

Pick = Callable[[Contestant], bool]


@dataclass(frozen=True)
class Tools:
    """What is run: the command, a Python that has torch, and a folder that keeps what torch.compile made."""

    lockstep: str
    python: str
    cache: str


@dataclass
class Contest:
    """Contestants that are measured in turns. Where `has_trial`, short trials first decide which of them are worth it."""

    ours: Sequence[Contestant]
    theirs: Sequence[Contestant]
    has_trial: bool = True
    unit: str = "samples/s"
    hosts: TwoHosts | None = None
    length: float = 1  # of a turn, as a part of what was asked for
    notes: list[str] = field(default_factory=list)

    def shown(self, speed: float) -> str:
        return f"{1e3 / speed:.2f}" if self.unit == "ms" else f"{speed:,.0f}"


def everything(_: Contestant) -> bool:
    return True


def by_two(contestant: Contestant) -> bool:
    return contestant.processes == 2


def of_bits(*bits: str) -> Pick:
    return lambda contestant: isinstance(contestant, LockstepOnTwoHosts) and contestant.bits in bits


def hooked(hook: str) -> Pick:
    return lambda contestant: isinstance(contestant, PyTorch) and contestant.hook == hook


@dataclass(frozen=True)
class Row:
    """The speed of the best that `ours` picks divided by that of the best of theirs; where `theirs` is None, the former's share of peak."""

    name: str
    title: str
    contest: str
    at_least: float | None
    ours: Pick = everything
    theirs: Pick | None = everything


ROWS = [
    Row("fp32-1024-two", "fp32, minibatch 1024, two processes each", "fp32-1024", 2.4, by_two, by_two),
    Row("fp32-1024", "fp32, 1024, best against best", "fp32-1024", 2.2),
    Row("fp32-100", "fp32, 100, best against best", "fp32-100", 2.3),
    Row("bf16-1024-two", "bf16, 1024, two processes each", "bf16-1024", 1.5, by_two, by_two),
    Row("bf16-1024", "bf16, 1024, best against best", "bf16-1024", 1.25),
    Row("bf16-100", "bf16, 100, best against best", "bf16-100", 1.7),
    Row("share-fp32-1024", "share of the machine's own product peak, fp32, 1024", "fp32-1024", 0.85, theirs=None),
    Row("share-fp32-100", "share of peak, fp32, 100", "fp32-100", 0.75, theirs=None),
    Row("share-bf16-1024", "share of peak, bf16, 1024", "bf16-1024", 0.75, theirs=None),
    Row("gbit-full", "two hosts, 1 Gbit/s, 1024, full gradients, against DDP", "gbit", 1.8, of_bits("full"), hooked("none")),
    Row("gbit-16", "the same, 16 bit gradients", "gbit", 2.9, of_bits("16"), hooked("none")),
    Row("gbit-16-fp16", "the same, against DDP with its hook for fp16 gradients", "gbit", None, of_bits("16"), hooked("fp16")),
    Row("gbit-bf16", "the same, bf16 on both sides, ours with 16 or 12 bit gradients", "gbit-bf16", 2.2),
    Row("mbit-16", "two hosts, 100 Mbit/s, 256, 16 bit gradients, against DDP", "mbit", 3.5, of_bits("16"), hooked("none")),
    Row("mbit-12", "the same, 12 bit", "mbit", 6, of_bits("12"), hooked("none")),
    Row("mbit-8", "the same, 8 bit", "mbit", 10, of_bits("8"), hooked("none")),
    Row("mbit-16-fp16", "the same, 16 bit against DDP's fp16 gradients", "mbit", None, of_bits("16"), hooked("fp16")),
    Row("allreduce-4k", "all-reduce, two members, loopback, 4 KB, against Gloo", "allreduce-4k", 5),
    Row("allreduce-4m", "the same, 4 MB", "allreduce-4m", 1.6),
    Row("allreduce-14m", "the same, 14.3 MB", "allreduce-14m", 1.7),
]


def contest(name: str, tools: Tools, cores: int) -> Contest:
    kind, _, rest = name.partition("-")
    if kind == "allreduce":
        elements = {"4k": 1_024, "4m": 1_048_576, "14m": 3_580_000}[rest]
        return Contest(
            [LockstepAllReduce(tools.lockstep, elements)], [Gloo(tools.python, tools.cache, elements)],
            has_trial=False, unit="ms", length=0.25, notes=["Lockstep's two members are in one process, Gloo's in two"],
        )  # fmt: skip
    if kind in ("gbit", "mbit"):
        return two_hosts(kind, rest or "fp32", tools)
    work = Work(minibatch=int(rest), precision=kind)
    arrangements = [Arrangement(2, max(1, cores // 2)), Arrangement(1, cores)]
    # Where products are short, threads may cost more than they give.
    arrangements += [Arrangement(1, 1)] if work.minibatch < 1024 else []
    engines = ["portable", "openblas"] if work.precision == "fp32" else ["portable"]
    ours = [LockstepOnOneHost(tools.lockstep, work, arrangement, engine) for engine in engines for arrangement in arrangements]
    theirs = [PyTorch(tools.python, tools.cache, work, arrangement) for arrangement in arrangements]
    return Contest(ours, theirs)


def two_hosts(kind: str, precision: str, tools: Tools) -> Contest:
    hosts = TwoHosts(1_000 if kind == "gbit" else 100)
    work = Work(minibatch=1_024 if kind == "gbit" else 256, precision=precision)
    bits = {"gbit": ["full", "16"], "mbit": ["16", "12", "8"]}[kind] if precision == "fp32" else ["16", "12"]
    hooks = ["none", "fp16"] if precision == "fp32" else ["none"]
    # Small buckets leave while the backward pass goes on, which counts where the arithmetic takes about as long as the link.
    is_near = kind == "gbit"
    buckets = [DEFAULT_BUCKET_MB, 1] if is_near else [DEFAULT_BUCKET_MB]
    theirs = PyTorch(tools.python, tools.cache, work, Arrangement(2, 1), hosts)
    return Contest(
        [LockstepOnTwoHosts(tools.lockstep, work, hosts, kept) for kept in bits],
        [replace(theirs, hook=hook, bucket_mb=bucket) for hook in hooks for bucket in buckets],
        has_trial=is_near, hosts=hosts,
    )  # fmt: skip
