"""``make bench``: how long commands take, as ratios measured side by side in one run. Never part of the tests."""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 5
SIZES = (100, 1000)
PROMPT = "Answer in the voice of the house. " * 40

_FLOOR = """\
import hashlib, pathlib, sys
for path in sorted(pathlib.Path('presets').rglob('*.yaml')):
    hashlib.sha256(path.read_bytes()).digest()
"""


def main() -> None:
    """Prints one table."""
    python, presetctl = sys.executable, [sys.executable, "-m", "presetctl"]
    base = median([python, "-c", "import click"])
    print(f"{'what':<44}{'median':>9}  ratio")
    line("python -c 'import click'", base, None, "")
    line("presetctl --version", median([*presetctl, "--version"]), base, "× import click")
    line("presetctl --help", median([*presetctl, "--help"]), base, "× import click")
    times: dict[str, list[float]] = {"validate": [], "plan": []}
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            generate(Path(folder), size)
            floor = median([python, "-c", _FLOOR], folder)
            line(f"read and hash {size} files", floor, None, "")
            for command in ("validate", "plan"):
                if command == "plan":
                    subprocess.run([*presetctl, "apply", "--yes"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
                taken = median([*presetctl, command], folder)
                times[command].append(taken)
                line(f"{command} {size} presets, no changes", taken, floor, "× floor")
    for command, (small, large) in times.items():
        exponent = math.log(large / small) / math.log(SIZES[1] / SIZES[0])
        print(f"{command}: growth exponent from {SIZES[0]} to {SIZES[1]}: {exponent:.2f}")


def generate(folder: Path, size: int) -> None:
    """A project with ``size`` presets of about 1.5 KB; the same for the same size."""
    presets = folder / "presets"
    presets.mkdir()
    (folder / "presetctl.yaml").write_text("version: 1\nworkspaces: {local: {provider: openrouter, url: embedded}}\n")
    for number in range(size):
        (presets / f"preset-{number}.yaml").write_text(
            f"description: Preset {number}\nsystem_prompt: |\n  {PROMPT}{number}\n"
            f"config:\n  model: openai/gpt-5.4\n  temperature: {number % 20 / 10}\n  max_tokens: {1000 + number}\n"
            "  provider: {sort: price, data_collection: deny}\n"
        )


def median(command: list[str], folder: str | None = None) -> float:
    """Seconds, the median of several runs after one that doesn't count."""
    taken = []
    for run in range(RUNS + 1):
        begin = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "NO_COLOR": "1"})
        if run:
            taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def line(what: str, taken: float, base: float | None, unit: str) -> None:
    ratio = f"{taken / base:6.2f} {unit}" if base else ""
    print(f"{what:<44}{taken:8.3f}s {ratio}", flush=True)


if __name__ == "__main__":
    main()
