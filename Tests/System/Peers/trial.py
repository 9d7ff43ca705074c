"""Live runs beside a peer that lies, and the verdict: see Tests/System/liar.sh."""
import argparse
import glob
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import lies

HERE = Path(__file__).resolve().parent
MEMORY_LIMIT_MB = 200
STILL_LIMIT = 30.0
RECIPE = [
    "--recipe", "quickstart", "--set", "data.train=400", "--set", "data.validation=100", "--minibatch", "36", "--epochs", "100000",
    "--set", "model.encoder=[48,32]", "--set", "model.decoder=[32,48]", "--set", "model.discriminator=[24]",
    "--set", "figures.every_epochs=0", "--set", "evaluate.every_epochs=0", "--set", "checkpoint.every_seconds=2",
]  # fmt: skip
for phase in ("reconstruction", "discriminator", "generator"):
    RECIPE += ["--set", f"phases.{phase}.schedule.kind=constant"]


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def peak_mb(pid):
    try:
        return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1)) // 1024
    except (OSError, AttributeError):
        return 0


class Process:
    """A child whose output goes to a file, through a terminal of its own where `terminal` says so."""

    def __init__(self, arguments, log, terminal=False):
        self.name, self.log = Path(log).stem, log
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("LOCKSTEP_", "OPENBLAS_"))}
        with open(log, "ab") as file:
            if terminal:
                mine, theirs = pty.openpty()
                self.child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=file, stderr=theirs, env=environment)
                os.close(theirs)
                threading.Thread(target=self._copy, args=(mine,), daemon=True).start()
            else:
                self.child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment)
        self.peak, self.is_over = 0, False

    def _copy(self, end):
        with open(self.log, "ab", buffering=0) as file:
            while True:
                try:
                    data = os.read(end, 65536)
                except OSError:
                    break
                if not data:
                    break
                file.write(data)
        os.close(end)

    def look(self):
        """Its exit status, or None; the memory it needed is noted."""
        self.peak = max(self.peak, peak_mb(self.child.pid))
        return self.child.poll()

    def end(self, number=signal.SIGKILL, seconds=10):
        if self.child.poll() is None:
            self.child.send_signal(number)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        return self.child.returncode

    def last_words(self):
        """The sentence it ended with, as far as one can tell."""
        lines = [line for line in Path(self.log).read_text(errors="replace").split("\n") if line.strip()]
        telling = [line for line in lines[-400:] if re.search(r"Fatal error|lockstep: |Program crashed| crashed:$", line)]
        return ascii(" / ".join(telling[-3:]) or (lines or ["it said nothing"])[-1])[:400]

    def crashed_at(self):
        """When it crashed: the runtime writes a trace for some seconds before the process is gone."""
        found = re.findall(r"Backtrace took ([0-9.]+)s", Path(self.log).read_text(errors="replace")[-2000:])
        return time.time() - (float(found[-1]) if found else 0)


class Run:
    """A coordinator, honest workers, and workers behind a liar."""

    def __init__(self, trial, name, toward, honest, behind):
        self.trial, self.name, self.toward = trial, name, toward
        self.place = trial.place / name
        self.place.mkdir()
        self.honest_count, self.behind_count = honest, behind
        self.port, *self.liar_ports = free_ports(1 + behind)
        self.round = 0
        self.steps = (0, time.monotonic())
        self.honest, self.behind, self.coordinator = [], [None] * behind, None
        self.peaks = {"coordinator": 0, "honest worker": 0, "worker behind the liar": 0}
        self.ended = []
        self.total_steps = 0
        self.liar = Process(
            [sys.executable, str(HERE / "liar.py"), "--to", f"127.0.0.1:{self.port}", "--token-file", trial.token, "--toward", toward,
             "--listen", ",".join(map(str, self.liar_ports)), "--seed", str(trial.seed), "--book", str(self.place / "book")]
            + (["--bots"] if toward == "coordinator" else []) + (["--chains"] if trial.chains else []),
            self.place / "liar.log")  # fmt: skip

    def begin(self):
        self.round += 1
        self.folder = self.place / f"run-{self.round}"
        topology = ["ring", "server"][(self.round - 1) % 2]
        self.coordinator = Process(
            [self.trial.lockstep, "coordinator", *RECIPE, "--steps", str(self.trial.steps), "--run", str(self.folder), "--listen",
             f"127.0.0.1:{self.port}", "--token-file", self.trial.token, "--workers", f"{max(1, self.honest_count)}:2", "--topology",
             topology],
            self.place / f"terminal-{self.round}.log", terminal=True)  # fmt: skip
        self.steps = (0, time.monotonic())
        self.honest = [self.worker(self.port, f"honest-{self.round}-{index}") for index in range(self.honest_count)]

    def worker(self, port, name):
        return Process(
            [self.trial.lockstep, "worker", "--coordinator", f"127.0.0.1:{port}", "--token-file", self.trial.token, "--threads", "1"],
            self.place / f"{name}.log")  # fmt: skip

    def trouble(self, words, until=None, port=None):
        """Notes a trouble with the last lies before it, only those of `port` where one is given."""
        try:
            told = (self.place / "book.lies").read_text().splitlines()
        except OSError:
            told = []
        told = [line for line in told if float(line.split()[0]) <= (until or time.time())]
        if port is not None:
            told = [line for line in told if f" port {port} " in line]
        self.trial.troubles.append(f"{self.name}: {words}" + "".join(f"\n      {line[:160]}" for line in told[-6:]))

    def look(self):
        """Once every tenth of a second."""
        if self.liar.look() is not None:
            self.trouble(f"the liar itself ended: {self.liar.last_words()}")
            return False
        for kind, processes in (("honest worker", self.honest), ("worker behind the liar", self.behind)):
            for index, process in enumerate(processes):
                if process is None:
                    continue
                if process.is_over:
                    # The coordinator of a run that is done evaluates and draws before it ends.
                    if time.monotonic() - process.over_at > (5 if process.child.returncode else 60):
                        self.trouble(f"an honest worker ended with {process.child.returncode}: {process.last_words()}")
                        processes[index] = self.worker(self.port, f"honest-{self.round}-{index}")
                    continue
                status = process.look()
                self.note_peak(kind, process)
                if status is not None:
                    self.worker_ended(kind, processes, index, status)
        for index, process in enumerate(self.behind):
            if process is None and self.trial.lying:
                self.behind[index] = self.worker(self.liar_ports[index], f"behind-{index}")
        status = self.coordinator.look()
        self.note_peak("coordinator", self.coordinator)
        if status is not None:
            self.coordinator_ended(status)
            return True
        self.look_at_steps()
        return True

    def note_peak(self, kind, process):
        before, self.peaks[kind] = self.peaks[kind], max(self.peaks[kind], process.peak)
        if process.peak > MEMORY_LIMIT_MB >= before:
            self.trouble(f"a {kind} needed {process.peak} MB of memory")

    def worker_ended(self, kind, processes, index, status):
        process = processes[index]
        if status < 0 or status >= 128:
            port = None if kind == "honest worker" else self.liar_ports[index]
            self.trouble(f"{kind} {index} crashed (status {status}): {process.last_words()}", process.crashed_at(), port)
        if kind == "honest worker":
            # Its run may have ended too: the coordinator's status says how.
            process.is_over, process.over_at = True, time.monotonic()
        else:
            self.ended.append(status)
            processes[index] = None

    def coordinator_ended(self, status):
        checked = self.toward == "coordinator"
        if status < 0 or status >= 128:
            self.trouble(f"the coordinator crashed (status {status}): {self.coordinator.last_words()}", self.coordinator.crashed_at())
        elif status != 0 and checked:
            self.trouble(f"the coordinator ended with {status}: {self.coordinator.last_words()}")
        elif status == 0 and checked:
            self.check_digest()
        self.total_steps += self.count_steps()
        for process in self.honest:
            if process.end(signal.SIGTERM) < 0 and status == 0:
                self.trouble(f"an honest worker did not end with its run: {process.last_words()}")
        if self.trial.lying:
            self.begin()

    def check_digest(self):
        result = subprocess.run([self.trial.lockstep, "digest", str(self.folder), "--full"], capture_output=True, text=True)
        self.trial.digests.append(result.stdout.strip() == self.trial.expected)
        if not self.trial.digests[-1]:
            self.trouble(f"round {self.round} has digest {result.stdout.strip() or result.stderr.strip()}, not the calm run's")

    def count_steps(self):
        try:
            return int(subprocess.run(["tail", "-n", "1", self.folder / "steps.log"], capture_output=True, text=True).stdout.split()[0])
        except (IndexError, ValueError):
            return 0

    def look_at_steps(self):
        if self.toward == "worker":
            return  # every member of that run is lied to: nobody promises steps
        steps, now = self.count_steps(), time.monotonic()
        if steps != self.steps[0]:
            self.steps = (steps, now)
        elif now - self.steps[1] > STILL_LIMIT:
            self.trouble(f"round {self.round}: no step for {STILL_LIMIT:.0f} s after step {steps}")
            self.coordinator.end()
            for process in self.honest:
                process.end()
            self.total_steps += steps
            self.begin()

    def finish(self, seconds):
        """Ends the liars, after which the run comes to its end by itself."""
        self.liar.end(signal.SIGTERM)
        for process in self.behind:
            if process:
                process.end()
        if self.toward == "worker":
            self.coordinator.end(signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while self.coordinator.look() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        if self.coordinator.look() is None:
            self.trouble(f"round {self.round} does not come to its end without the liar within {seconds} s")
            self.coordinator.end()
        elif self.toward == "coordinator":
            self.coordinator_ended(self.coordinator.child.returncode)
        for process in self.honest:
            process.end()

    def check_words(self):
        """Checks that nothing a liar says reaches a terminal or a log unchanged."""
        controls = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9\xae]")
        logs = glob.glob(str(self.place / "*.log")) + glob.glob(str(self.place / "run-*" / "*.log"))
        size = 0
        for log in logs:
            if log.endswith(("liar.log", "steps.log")):
                continue
            data = Path(log).read_bytes()
            size += len(data)
            where = os.path.relpath(log, self.trial.place)
            # On a terminal the progress line begins with these.
            for text in re.sub(rb"\r(\x1b\[K)?", b"\n", data).split(b"\n"):
                if found := controls.search(text):
                    self.trial.troubles.append(f"{where} has {found.group()!r} as it was said: {text[:120]!r}")
                    break
                if text.startswith(lies.MARK.encode()):
                    self.trial.troubles.append(f"{where} has a line that a peer has forged: {text[:120]!r}")
                    break
        return size

    def report(self):
        try:
            book = json.loads((self.place / "book").read_text())
        except (OSError, ValueError):
            return self.trial.troubles.append(f"{self.name}: the liar left no book")
        print(f"{self.name}")
        print(f"  lies      {book['told']} of {book['lies']} ({book['in place']} of them in place), {book['times']} times; {book['floods']} floods")
        print(f"  rounds    {self.round} ({self.total_steps} steps); workers behind the liar ended {len(self.ended)} times")
        print("  memory    " + ", ".join(f"{kind} {peak} MB" for kind, peak in self.peaks.items() if peak))
        print(f"  logs      {self.check_words() / 1e6:.1f} MB")
        if book["told"] == 0:
            self.trial.troubles.append(f"{self.name}: no lie was told: that is no verdict")


class Trial:
    def __init__(self, options):
        self.lockstep = os.path.realpath(options.lockstep)
        self.seconds = options.seconds or options.minutes * 60
        self.steps, self.seed, self.chains = options.steps, options.seed, options.chains
        self.place = Path(tempfile.mkdtemp(prefix="lockstep-liar-"))
        self.token = str(self.place / "token")
        with open(os.open(self.token, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(os.urandom(24).hex() + "\n")
        self.troubles, self.digests, self.lying, self.runs = [], [], True, []

    def run(self):
        calm = self.place / "calm"
        with open(self.place / "calm.log", "w") as log:
            subprocess.run(
                [self.lockstep, "train", *RECIPE, "--steps", str(self.steps), "--workers", "2", "--run", calm],
                check=True, stdout=log, stderr=log, timeout=300)  # fmt: skip
        self.expected = subprocess.check_output([self.lockstep, "digest", calm, "--full"], text=True).strip()
        print(f"calm run of {self.steps} steps: {self.expected}", flush=True)
        self.runs = [
            Run(self, "lying-workers", "coordinator", 2, 2),
            Run(self, "lying-coordinator", "worker", 0, 2),
        ]
        end = time.monotonic() + self.seconds
        for run in self.runs:
            run.begin()
        while time.monotonic() < end and all([run.look() for run in self.runs]) and len(self.troubles) < 30:
            time.sleep(0.1)
        self.lying = False
        for run in self.runs:
            run.finish(120)
        for run in self.runs:
            run.report()
        if not self.digests:
            self.troubles.append("no run came to its end: that is no verdict")
        print(f"digests     {sum(self.digests)} of {len(self.digests)} equal to the calm run's")
        for trouble in self.troubles:
            print(f"TROUBLE     {trouble}")
        print("all of it as it should be" if not self.troubles else f"{len(self.troubles)} troubles")
        return 1 if self.troubles else 0

    def clean(self, keep):
        for run in self.runs:
            for process in [run.coordinator, run.liar, *run.honest, *run.behind]:
                if process:
                    process.end()
        if keep:
            print(f"everything is in {self.place}")
        else:
            shutil.rmtree(self.place, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(prog="liar.sh")
    parser.add_argument("lockstep", nargs="?", default=".build/release/lockstep")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", action="store_true", help="keep runs and logs")
    parser.add_argument("--chains", action="store_true", help="lie about chain hashes too, which ends a run by rule")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"seed {options.seed}", flush=True)
    trial, status = Trial(options), 1
    try:
        status = trial.run()
    finally:
        trial.clean(options.keep)
    sys.exit(status)


if __name__ == "__main__":
    main()
