"""Where processes run: on this host over loopback, or on two hosts, that is in two network namespaces that one slow link joins."""
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from children import Command, Failed, together

COMMAND_SECONDS = 20.0
PORT = 29_500


class OneHost:
    address = "127.0.0.1"

    @property
    def port(self) -> int:
        with socket.create_server((self.address, 0)) as one:
            return int(one.getsockname()[1])

    def on(self, rank: int, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Command:
        return Command(arguments, environment or {})


class TwoHosts:
    """Two namespaces, a veth pair between them, and `tbf` with that rate on both ends. Needs root and iproute2."""

    address = "10.98.0.1"
    port = PORT

    def __init__(self, megabits: int) -> None:
        self.megabits = megabits
        self.carried = 0.0
        self.names = [f"peers{os.getpid()}{letter}" for letter in "ab"]

    @staticmethod
    def obstacle() -> str | None:
        """Why this machine cannot have two hosts, or None."""
        if os.geteuid() != 0:
            return "needs root, to make network namespaces"
        missing = [tool for tool in ("ip", "tc") if not shutil.which(tool)]
        return f"needs {' and '.join(missing)} (iproute2)" if missing else None

    def __enter__(self) -> "TwoHosts":
        first, second = self.names
        try:
            for name in self.names:
                _run("ip", "netns", "add", name)
            _run("ip", "-n", first, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", second)
            for index, name in enumerate(self.names):
                _run("ip", "-n", name, "addr", "add", f"10.98.0.{1 + index}/24", "dev", "eth0")
                _run("ip", "-n", name, "link", "set", "eth0", "up")
                _run("ip", "-n", name, "link", "set", "lo", "up")
                # A burst of about a millisecond, as a switch would pass it; the queue is one that TCP fills without much loss.
                burst = max(16, self.megabits // 8)
                _run("tc", "-n", name, "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", f"{self.megabits}mbit",
                     "burst", f"{burst}kb", "latency", "20ms")  # fmt: skip
            self.carried = self._carried()
            if self.carried > 1.1 * self.megabits:
                raise Failed(f"the link made for {self.megabits} Mbit/s carries {self.carried:.0f}: this kernel's tbf does not limit it")
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def on(self, rank: int, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Command:
        return Command(["ip", "netns", "exec", self.names[rank], *arguments], {"GLOO_SOCKET_IFNAME": "eth0", **(environment or {})})

    def _carried(self) -> float:
        program = str(Path(__file__).with_name("link.py"))
        sender = self.on(1, [sys.executable, program, "send", self.address, str(PORT), "1"])
        receiver = self.on(0, [sys.executable, program, "receive", str(PORT)])
        return float(together([sender, receiver], COMMAND_SECONDS))

    def _remove(self) -> None:
        for name in self.names:
            # Fails if the namespace was not made. The pair of links goes with either namespace.
            subprocess.run(["ip", "netns", "del", name], timeout=COMMAND_SECONDS, capture_output=True, check=False)


def _run(*arguments: str) -> None:
    done = subprocess.run(arguments, timeout=COMMAND_SECONDS, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(arguments[:4])} …: {done.stderr.strip() or done.returncode}")
