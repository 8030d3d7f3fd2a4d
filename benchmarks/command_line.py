"""Wall time and peak memory of the commands that people type, each in a process of its own.

python benchmarks/command_line.py [--json] [--full]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMANDS = {
    "help": ["--help"],
    "list models": ["list", "models"],
    "score planted": ["score", "language/suma-small", "--on", "language/planted-ridge"],
    "score tuckute2024": ["score", "language/suma-small", "--on", "language/tuckute2024-ridge"],
}
FULL = {"score tuckute2024, full size": ["score", "language/suma", "--on", "language/tuckute2024-ridge"]}


def measure(name: str, words: list[str]) -> dict:
    """Run one command with an empty cache; the peak is that of the largest process so far, so order by size."""
    command = Path(sys.executable).with_name("neuromodels")
    with tempfile.TemporaryDirectory() as home:
        start = time.perf_counter()
        done = subprocess.run(
            [command, *words], env={**os.environ, "NEUROMODELS_HOME": home}, capture_output=True, text=True
        )
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    return {
        "name": name,
        "device": "cpu",
        "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        "seconds": seconds,
        "peak_mb": peak,
        "exit_code": done.returncode,
    }


def main() -> None:
    """Measure every command and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--full", action="store_true", help="also the full-size network")
    arguments = parser.parse_args()
    rows = [measure(name, words) for name, words in {**COMMANDS, **(FULL if arguments.full else {})}.items()]
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print(f"{row['name']:<30} {row['seconds']:7.2f} s  {row['peak_mb']:7.0f} MB  exit {row['exit_code']}")


if __name__ == "__main__":
    main()
