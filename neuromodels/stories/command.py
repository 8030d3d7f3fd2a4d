"""``neuromodels story``: a whole study as one command."""

import argparse
import json
import sys
from typing import Any


class StoryCommand:
    """Run a study from stimuli to report."""

    summary = "a whole study in one command: simulate, train, score, report; goes on where it stopped"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments."""
        add = parser.add_argument
        add("story", nargs="?", metavar="STUDY", help="a name (see --list) or a .toml file")
        add("--out", metavar="DIR", help="folder of all results; by default the name of the study")
        add("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help="settings of the study")
        add("--list", action="store_true", help="the studies that come with the package")
        add("--dry-run", action="store_true", help="print the commands and run none")
        add("--json", action="store_true", help="one JSON object per command on stdout")

    def run(self, arguments: argparse.Namespace, toolbox: Any) -> int:
        """Run what is not finished; returns the exit code."""
        from pathlib import Path

        from . import list_stories, load_story, run_story

        if arguments.list:
            for name, title in list_stories().items():
                print(json.dumps({"name": name, "title": title}) if arguments.json else f"{name}  {title}")
            return 0
        if arguments.story is None:
            raise UsageError(f"name a study: {', '.join(list_stories())}, or a .toml file.")
        pairs = [word.partition("=") for word in arguments.set]
        for name, sign, _ in pairs:
            if not sign:
                raise UsageError(f"--set takes NAME=VALUE, received {name!r}.")
        story = load_story(arguments.story, {name: value for name, _, value in pairs})
        if arguments.dry_run:
            for step in story.steps:
                row = {"what": step.what, "words": list(step.words)}
                print(json.dumps(row) if arguments.json else f"neuromodels {' '.join(step.words)}  # {step.what}")
            return 0
        folder = Path(arguments.out or Path(arguments.story).stem)
        steps = run_story(story, folder)
        if arguments.json:
            for done in steps:
                print(json.dumps(done))
        total = sum(float(str(done["cpu_s"])) for done in steps)
        print(f"{story.title}: {total / 60:.1f} CPU minutes, results in {folder.resolve()}", file=sys.stderr)
        return 0


class UsageError(ValueError):
    """Arguments that cannot be meant."""

    exit_code = 2
