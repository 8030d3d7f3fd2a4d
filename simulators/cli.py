"""``neuromodels simulate``: stimuli on the command line, one sub-command per simulator."""

import argparse
from typing import Any


class SimulateCommand:
    """Simulate stimuli."""

    summary = "simulate stimuli: one scene to look at, or a data set of thousands"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add a sub-command for each simulator."""
        from .whisker.commands import command as whisker

        kinds = parser.add_subparsers(dest="simulator", metavar="SIMULATOR", required=True)
        whiskers = kinds.add_parser(
            "whisker", help=whisker.SUMMARY, description=whisker.SUMMARY, epilog=whisker.EXAMPLES
        )
        whiskers.formatter_class = argparse.RawDescriptionHelpFormatter
        whisker.configure(whiskers)
        whiskers.set_defaults(simulate=whisker.run)

    def run(self, arguments: argparse.Namespace, toolbox: Any) -> int:
        """Hand over to the simulator; returns the exit code."""
        return int(arguments.simulate(arguments))
