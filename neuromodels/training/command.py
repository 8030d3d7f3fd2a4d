"""``neuromodels train``: a recipe in, a folder with a trained network out."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .recipe import Recipe
    from .run import TrainingResult


class TrainCommand:
    """Train a network."""

    summary = "train a network as a recipe says, on one device or under torchrun"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments."""
        add = parser.add_argument
        add("recipe", nargs="?", metavar="RECIPE", help="a TOML file, or the name of a shipped recipe")
        add("--out", metavar="DIR", help="folder of the run: best, last, metrics.csv, curve.png")
        add("--resume", action="store_true", help="go on from what DIR holds, to the same bits")
        add(
            "--set",
            nargs="+",
            action="extend",
            default=[],
            metavar="KEY=VALUE",
            help="change fields of the recipe: training.epochs=3 data.folder=sweeps",
        )
        add("--device", default="auto", help="auto, cpu, cuda, cuda:1, ... (default: auto)")
        add("--dry-run", action="store_true", help="build everything and say what would be done")
        add("--json", action="store_true", help="the result as one JSON object on stdout")
        add("--list", action="store_true", help="shipped recipes")
        parser.epilog = "several devices: torchrun --nproc-per-node 2 -m neuromodels train RECIPE --out DIR"

    def run(self, arguments: argparse.Namespace, toolbox: Any) -> int:
        """Train; returns the exit code."""
        from .recipe import list_recipes, read_recipe
        from .tables import RecipeError

        if arguments.list:
            for name in list_recipes():
                print(f"{name:<44}  {read_recipe(name).summary}")
            return 0
        if arguments.recipe is None or (arguments.out is None and not arguments.dry_run):
            raise RecipeError("give a recipe and --out DIR; `neuromodels train --list` names the shipped recipes.")
        recipe = read_recipe(arguments.recipe).with_changes(arguments.set)
        device = toolbox.resolve_device(arguments.device)
        if arguments.dry_run:
            _plan(recipe, device, arguments)
            return 0
        from .run import train

        result = train(recipe, arguments.out, resume=arguments.resume, device=device, progress=sys.stderr.isatty())
        _show(result, arguments.json)
        return 0


def _plan(recipe: "Recipe", device: str, arguments: argparse.Namespace) -> None:
    import torch

    from .run import prepare
    from .samples import Stream

    trainer = prepare(recipe, arguments.out or Path("run"), torch.device(device))
    trained = [p for p in (*trainer.model.parameters(), *trainer.task.parameters()) if p.requires_grad]
    facts = {
        "model": recipe.model.name,
        "parameters": sum(parameter.numel() for parameter in trainer.model.parameters()),
        "trained_parameters": sum(parameter.numel() for parameter in trained),
        "task": recipe.task.kind,
        "training_samples": None if isinstance(trainer.samples, Stream) else len(trainer.samples),
        "classes": getattr(trainer.samples, "n_classes", None),
        "steps_per_epoch": trainer.steps,
        "epochs": recipe.training.epochs,
        "learning_rate_first_largest_last": [trainer.rates[0], max(trainer.rates), trainer.rates[-1]],
        "precision": recipe.training.precision,
        "device": device,
    }
    if arguments.json:
        print(json.dumps(facts))
    else:
        for name, value in facts.items():
            print(f"{name.replace('_', ' '):<34} {value}")


def _show(result: "TrainingResult", as_json: bool) -> None:
    from .distributed import own_rank

    if own_rank() != 0:
        return
    if as_json:
        facts = {**vars(result), "folder": str(result.folder)}
        print(json.dumps(facts))
    else:
        print(result)
