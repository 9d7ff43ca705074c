"""The card that describes the machine; without it a table of figures is worth nothing."""
import datetime
import json
import os
import platform
import re
from pathlib import Path

from children import Command, Failed, together
from rows import Tools

SECONDS = 120.0
# Instruction sets of x86 and Arm that products or their packing may use.
LEVELS = [
    "avx2", "fma", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "avx_vnni", "avx_ne_convert", "amx_bf16",
    "asimd", "sve", "bf16",
]  # fmt: skip
WITH_BF16 = {"avx512_bf16", "amx_bf16", "avx_ne_convert", "bf16"}


def levels() -> list[str]:
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    known = set(found.group(1).split()) if found else set()
    return [level for level in LEVELS if level in known]


def has_bf16() -> bool:
    return bool(WITH_BF16.intersection(levels()))


def cpu() -> str:
    text = Path("/proc/cpuinfo").read_text()

    def of(key: str) -> str:
        found = re.search(rf"^{key}\s*:\s*(.*)$", text, re.MULTILINE)
        return found.group(1).strip() if found else "?"

    # Virtual machines hide the CPU's name, but seldom its numbers.
    return f"{of('model name')} (family {of('cpu family')}, model {of('model')})"


def card(tools: Tools, cores: int) -> dict[str, str]:
    """What stands above the table, by name."""
    result = {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "CPU": cpu(),
        "cores": f"{cores} used of {os.cpu_count()}; load {os.getloadavg()[0]:.1f} before it began",
        "instruction sets": " ".join(levels()) or "none of those looked for",
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "Lockstep": together([Command([tools.lockstep, "--version"])], SECONDS).strip().removeprefix("lockstep "),
    }
    products = json.loads(_pytorch_products(tools))
    result["PyTorch"] = f"{products['torch']}, level {products['level']}"
    result["peak of one core, fp32"] = (
        f"{_peak(tools, 'portable')} GFLOP/s by portable products, {_peak(tools, 'openblas')} by OpenBLAS, {products['fp32']:.0f} by PyTorch"
    )
    result["peak of one core, bf16"] = f"{_peak(tools, 'portable', 'bf16')} GFLOP/s by portable products, {products['bf16']:.0f} by PyTorch"
    return result


def _peak(tools: Tools, engine: str, precision: str = "fp32") -> str:
    arguments = [tools.lockstep, "bench", "gemm", "--engine", engine, "--rows", "1024", "--json"]
    arguments += [] if precision == "fp32" else ["--precision", precision]
    try:
        return f"{json.loads(together([Command(arguments)], SECONDS))['peak']:.0f}"
    except Failed as failure:
        return f"? (lockstep refused: {failure})"


def _pytorch_products(tools: Tools) -> str:
    program = str(Path(__file__).with_name("pytorch_ddp.py"))
    return together([Command([tools.python, program, "--products", "--seconds", "2"])], SECONDS)
