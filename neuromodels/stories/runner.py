"""Run a study: each command in a process of its own; what was finished is not done again."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from .story import Step, Story

RECORD = "story.json"


class StepFailed(RuntimeError):
    """A command of a study ended with an error."""

    def __init__(self, step: Step, code: int) -> None:
        super().__init__(
            f"'neuromodels {' '.join(step.words)}' ended with exit code {code}; what was finished is kept: mend the cause "
            "and give the same command again."
        )
        self.exit_code = code


def run_story(
    story: Story, folder: str | Path, *, say: Callable[[str], None] = lambda text: print(text, file=sys.stderr)
) -> list[dict[str, object]]:
    """Run the commands of a study that are not finished yet.

    A command is finished when it ended without an error with the same words as now; behind one that is not, all are run
    again, and each is told by its own options to go on where it stopped.

    Parameters
    ----------
    story
        See `load_story`.
    folder
        Where the commands run and write; made if missing. ``story.json`` in it says what was done, with CPU seconds.
    say
        Takes a line about each command.

    Returns
    -------
    list of dict
        Per command: ``what``, ``words``, ``cpu_s``, ``wall_s``, ``key``.

    Raises
    ------
    StepFailed
        With the exit code of the command that failed.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    done = _read(folder)
    kept: list[dict[str, object]] = []
    for number, step in enumerate(story.steps, 1):
        label = f"[{number}/{len(story.steps)}] {step.what}"
        if len(kept) == number - 1 and number <= len(done) and done[number - 1]["key"] == step.key:
            kept.append(done[number - 1])
            say(f"{label}: done before")
            continue
        done = done[: number - 1]
        say(f"{label}: neuromodels {' '.join(step.words)}")
        kept.append(_run(step, folder))
        _write(folder, story, kept)
    return kept


def _run(step: Step, folder: Path) -> dict[str, object]:
    before, start = _children_cpu_s(), time.monotonic()
    code = subprocess.run([sys.executable, "-m", "neuromodels", *step.words], cwd=folder, check=False).returncode
    if code:
        raise StepFailed(step, code)
    return {
        "what": step.what,
        "words": list(step.words),
        "cpu_s": round(_children_cpu_s() - before, 1),
        "wall_s": round(time.monotonic() - start, 1),
        "key": step.key,
    }


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _read(folder: Path) -> list[dict[str, object]]:
    file = folder / RECORD
    if not file.exists():
        return []
    try:
        steps = json.loads(file.read_text("utf-8"))["steps"]
        return [dict(step, key=str(step["key"])) for step in steps]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(
            f"{file} is not a record of a study ({error}); give another folder, or delete the file."
        ) from None


def _write(folder: Path, story: Story, steps: list[dict[str, object]]) -> None:
    content = {"title": story.title, "settings": dict(story.settings), "steps": steps}
    beside = folder / f".{RECORD}.{os.getpid()}"
    beside.write_text(json.dumps(content, indent=1), "utf-8")
    beside.replace(folder / RECORD)
