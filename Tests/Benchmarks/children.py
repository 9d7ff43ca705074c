"""Children that are started together, waited for with a deadline, and ended by their process ids whatever happens."""
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# Prefixes of variables that a shell may have set for one of the two sides; neither side gets them.
UNSET = ("OPENBLAS_", "LOCKSTEP_", "OMP_", "GOMP_", "KMP_", "MKL_", "DNNL_", "ONEDNN_", "GLOO_", "TORCH", "PYTHON")
SECONDS_TO_END = 10.0


class Failed(Exception):
    """Something could not be measured; the words say why."""


@dataclass(frozen=True)
class Command:
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


class Child:
    """One process, whose output goes to files: a pipe that nobody reads would block a child that prints much."""

    def __init__(self, command: Command, folder: Path) -> None:
        self.output, self.errors = folder / "output", folder / "errors"
        folder.mkdir()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(UNSET)}
        with open(self.output, "wb") as output, open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                list(command.arguments), env={**inherited, "TMPDIR": str(folder), **command.environment},
                stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                start_new_session=True,  # a Control-C is for the driver, which ends its children in order
            )  # fmt: skip

    @property
    def code(self) -> int | None:
        return self.process.poll()

    def last_words(self) -> str:
        lines = [line.strip() for line in self.errors.read_text(encoding="utf-8", errors="replace").splitlines()]
        # An error on a flag is followed by the usage; a traceback of Python has its error last.
        named = [line for line in lines if line.startswith(("lockstep: ", "Error: "))]
        code = self.code or 0
        ended = signal.Signals(-code).name if code < 0 else f"status {code}"
        words = (named or [line for line in lines if line] or [f"ended with {ended}"])[-1][:300]
        return words.removeprefix("lockstep: ").removeprefix("Error: ")


def together(commands: Sequence[Command], limit: float) -> str:
    """Starts all of them, waits until each has ended well, and returns what the first one printed."""
    deadline = time.monotonic() + limit
    children: list[Child] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        try:
            for index, command in enumerate(commands):
                children.append(Child(command, Path(place) / str(index)))
            while any(child.code is None for child in children):
                if any(child.code for child in children):
                    break
                if time.monotonic() > deadline:
                    raise Failed(f"not done within {limit:.0f} s")
                time.sleep(0.05)
            failed = [child.last_words() for child in children if child.code]
            if failed:
                raise Failed(" / ".join(dict.fromkeys(failed)))
            return children[0].output.read_text(encoding="utf-8", errors="replace")
        finally:
            _end([child.process for child in children])


def _end(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    """Asks each to end, so that it may remove what it made; then kills its whole session."""
    running = [process for process in processes if process.poll() is None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + SECONDS_TO_END
    while time.monotonic() < deadline and any(process.poll() is None for process in running):
        time.sleep(0.05)
    for process in running:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait(SECONDS_TO_END)
