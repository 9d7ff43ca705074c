"""Measuring in turns: A B A B …, and the share of the machine that other work had meanwhile."""
import os
import resource
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from children import Failed
from contestants import Contestant, PyTorch, Reading
from rows import Contest, Pick, Row

# Threads that spin at a barrier stand still when other work takes a core. Such a reading is repeated, up to RETRIES times for a contestant.
CALM, RETRIES = 0.10, 1
TRIAL = 0.3  # of a turn
NEAR = 0.95  # a contestant whose trial came so near the best one's goes into the turns too


@dataclass
class Record:
    """All that is known of a contestant: perhaps a trial, a reading for each turn, or why there is none."""

    contestant: Contestant
    is_ours: bool
    trial: Reading | None = None
    turns: list[Reading] = field(default_factory=list)
    refusal: str | None = None
    remark: str | None = None
    retries: int = RETRIES

    @property
    def label(self) -> str:
        return f"{'Lockstep' if self.is_ours else 'PyTorch'}, {self.contestant.name}"

    @property
    def median(self) -> float:
        return statistics.median(reading.speed for reading in self.turns)


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def seconds_of_others() -> float:
    """Processor time that was used by others than our children, or taken away by the host of this virtual machine."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, interrupts, soft, stolen = map(int, file.readline().split()[1:9])
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    everybody = (user + nice + system + interrupts + soft + stolen) / os.sysconf("SC_CLK_TCK")
    return everybody - children.ru_utime - children.ru_stime


class Stopwatch:
    """Tells which share of the machine others have had since it was made."""

    def __init__(self) -> None:
        self.others, self.start = seconds_of_others(), time.monotonic()

    def share_of_others(self) -> float:
        machine = (time.monotonic() - self.start) * (os.cpu_count() or 1)
        return max(0, seconds_of_others() - self.others) / machine


@dataclass
class Measuring:
    """How many turns, how long each, and how many seconds may be spent in all on waiting until the machine is calm."""

    turns: int
    seconds: float
    patience: float

    def run(self, contest: Contest, rows: Sequence[Row], records: list[Record]) -> None:
        """Measures what these rows need of the contest, into `records` as it comes. Raises `Failed` where this machine cannot run the contest."""
        if contest.hosts is None:
            self._run(contest, rows, records)
            return
        if obstacle := contest.hosts.obstacle():
            raise Failed(obstacle)
        with contest.hosts as hosts:
            contest.notes.append(f"the link carried {hosts.carried:.0f} Mbit/s before")
            self._run(contest, rows, records)

    def _run(self, contest: Contest, rows: Sequence[Row], records: list[Record]) -> None:
        def entrants_of(contestants: Sequence[Contestant], is_ours: bool, picks: Sequence[Pick]) -> list[Record]:
            side = [Record(one, is_ours) for one in contestants if any(pick(one) for pick in picks)]
            records.extend(side)
            return self._chosen(side, contest, picks, records) if contest.has_trial else side

        ours = entrants_of(contest.ours, True, [row.ours for row in rows])
        theirs = entrants_of(contest.theirs, False, [row.theirs for row in rows if row.theirs])
        for turn in range(self.turns):
            for record in [one for pair in zip_longest(ours, theirs) for one in pair if one]:
                reading = self._measure(record, contest, f"turn {turn + 1} of {self.turns}")
                if reading:
                    record.turns.append(reading)

    def _chosen(self, side: Sequence[Record], contest: Contest, picks: Sequence[Pick], records: list[Record]) -> list[Record]:
        """The contestants for the turns: for each row the best of a trial and those near it, compiled where that is faster still."""

        def trial(record: Record) -> float:
            record.trial = self._measure(record, contest, "trial", TRIAL)
            return record.trial.speed if record.trial else 0

        speeds = [(trial(record), record) for record in side]
        chosen: list[Record] = []
        for pick in picks:
            those = [(speed, record) for speed, record in speeds if speed > 0 and pick(record.contestant)]
            best = max((speed for speed, _ in those), default=0)
            chosen += [record for speed, record in those if speed >= NEAR * best and record not in chosen]
        for record in side:
            if record not in chosen and record.trial and record.trial.others > CALM:
                record.remark = f"ruled out by a trial in which other work had {record.trial.others:.0%} of the machine"
        for index, record in enumerate(chosen):
            if isinstance(record.contestant, PyTorch) and record.trial:
                compiled = Record(record.contestant.compiled(), is_ours=False)
                records.append(compiled)
                gain = trial(compiled) / record.trial.speed
                if gain > 1:
                    chosen[index] = compiled
                elif gain > 0:
                    record.remark = f"torch.compile had {gain:.2f} times that in a trial, and is not used"
        return chosen

    def _measure(self, record: Record, contest: Contest, what: str, part: float = 1) -> Reading | None:
        """The calmest of some tries; none where the contestant is refused, now or earlier."""
        best: Reading | None = None
        while record.refusal is None:
            self._wait_for_calm()
            watch = Stopwatch()
            try:
                reading = record.contestant.measure(part * contest.length * self.seconds)
            except Failed as failure:
                record.refusal = str(failure)
                say(f"  {what}: {record.label}: {failure}")
                break
            reading = replace(reading, others=watch.share_of_others())
            busy = f"; other work had {reading.others:.0%} of the machine" if reading.others > CALM else ""
            say(f"  {what}: {record.label}: {contest.shown(reading.speed)} {contest.unit} in {reading.seconds:.1f} s{busy}")
            if best is None or reading.others < best.others:
                best = reading
            if best.others <= CALM or record.retries == 0:
                break
            record.retries -= 1
        return best

    def _wait_for_calm(self) -> None:
        while self.patience > 0:
            watch = Stopwatch()
            time.sleep(0.5)
            if watch.share_of_others() <= CALM:
                return
            self.patience -= 0.5
            if self.patience <= 0:
                say("  other work does not end: the rest is measured beside it")
