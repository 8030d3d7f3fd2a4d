"""``neuromodels simulate``: stimuli on the command line, one sub-command per simulator."""

import argparse
from typing import Any


class SimulateCommand:
    """Simulate stimuli."""

    summary = "simulate stimuli: one scene to look at, or a data set of thousands"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add a sub-command for each simulator."""
        from .tasks import command as memory
        from .vision.commands import command as motion
        from .whisker.commands import command as whisker

        kinds = parser.add_subparsers(dest="simulator", metavar="SIMULATOR", required=True)
        for name, command in (("memory", memory), ("motion", motion), ("whisker", whisker)):
            simulator = kinds.add_parser(
                name, help=command.SUMMARY, description=command.SUMMARY, epilog=command.EXAMPLES
            )
            simulator.formatter_class = argparse.RawDescriptionHelpFormatter
            command.configure(simulator)
            simulator.set_defaults(simulate=command.run)

    def run(self, arguments: argparse.Namespace, toolbox: Any) -> int:
        """Hand over to the simulator; returns the exit code."""
        return int(arguments.simulate(arguments))
