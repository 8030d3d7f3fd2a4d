"""Options that cannot be meant, or that nothing would follow: each is refused by its own name, none is dropped."""

import argparse
import importlib.util
import math
from collections.abc import Iterable

from ..solids.mesh_checks import SIZE_RANGE_MM
from .scene_options import UsageError

POSITIVE = ("duration", "rate", "workers", "objects", "draws", "sweeps", "shard_size", "batch")
SCENE_ONLY = ("object", "at", "trajectory", "angles", "head", "movie", "overwrite")
SET_ONLY = (
    "objects", "categories", "furniture", "shapenet", "part", "draws", "sweeps", "shard_size", "batch", "resume",
    "stimuli", "zero_missing",
)  # fmt: skip
PLACE = ("height", "distance", "rotation", "diagonal", "speed")
OF_OBJECTS = ("at", "trajectory", *PLACE, "overlap")
DEFAULTS = {"workers": 1, "objects": 10, "part": "train", "draws": 1, "shard_size": 64}
"""What options mean that were not given; until they are checked, ``None`` tells that they were not."""


def check_options(arguments: argparse.Namespace) -> None:
    """Refuse what cannot be meant and fill in the defaults.

    Raises
    ------
    UsageError
        With the option, what was received and what to do.
    """
    _check_values(arguments)
    for name in SCENE_ONLY if arguments.set else SET_ONLY:
        if _given(arguments, name):
            where = "one scene; leave out --set" if arguments.set else "a data set; add --set"
            raise UsageError(f"{option(name)} belongs to {where}.")
    if not (arguments.out or arguments.movie or arguments.dry_run or (arguments.json and not arguments.set)):
        raise UsageError("nothing would be kept; give --out (or --movie, --dry-run).")
    if arguments.backend != "numba" and importlib.util.find_spec(arguments.backend) is None:
        install = {"mujoco": "pip install 'neuromodels[mujoco]'", "torch": "pip install torch"}[arguments.backend]
        raise UsageError(f"--backend {arguments.backend} needs the package {arguments.backend}: {install}.")
    _check_set(arguments) if arguments.set else _check_scene(arguments)
    for name, value in DEFAULTS.items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)


def option(name: str) -> str:
    """An argument's name as it is typed."""
    return f"--{name.replace('_', '-')}"


def _given(arguments: argparse.Namespace, name: str) -> bool:
    value = getattr(arguments, name)
    return value is not None and value is not False


def _check_values(arguments: argparse.Namespace) -> None:
    from ..motion.rigid import MAX_SPEED_MM_S

    for name in POSITIVE:
        value = getattr(arguments, name)
        if value is not None and not 0 < value < math.inf:
            raise UsageError(f"{option(name)} is {value}; it must be positive and finite.")
    for name in ("seed", "individual"):
        value = getattr(arguments, name)
        if value is not None and value < 0:
            raise UsageError(f"{option(name)} is {value}; it must not be negative.")
    for name in ("speed", "diagonal"):
        low, high = getattr(arguments, name) or (1, 1)
        if low > high:
            raise UsageError(f"{option(name)} is {low}:{high}; give the lowest value first.")
        if name == "speed" and low <= 0:
            raise UsageError(
                f"--speed is {low} mm/s; it must be positive, and the object moves along -y: leave it out for a passage in "
                "--duration or an object at rest (--at), and give --trajectory for another path."
            )
        if name == "speed" and high > MAX_SPEED_MM_S:
            raise UsageError(f"--speed is {_range(low, high)} mm/s; at most {MAX_SPEED_MM_S:g} mm/s is accepted.")
        if name == "diagonal" and not (SIZE_RANGE_MM[0] <= low and high <= SIZE_RANGE_MM[1]):
            raise UsageError(
                f"--diagonal is {_range(low, high)} mm; objects from {SIZE_RANGE_MM[0]:g} to {SIZE_RANGE_MM[1]:g} mm are "
                "accepted."
            )


def _range(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g}:{high:g}"


def _check_scene(arguments: argparse.Namespace) -> None:
    if arguments.object is None:
        _refuse(arguments, OF_OBJECTS, "is about an object; add --object, or leave it out")
    if arguments.trajectory:
        _refuse(arguments, ("at", "speed", "height", "distance", "rotation"), "says nothing beside --trajectory, which has "
                "place, turn and speed of the object; leave it out")  # fmt: skip
    elif arguments.at is not None:
        _refuse(arguments, ("height", "distance"), "says nothing beside --at, the place of the object; leave it out")
    if arguments.speed and arguments.speed[0] != arguments.speed[1]:
        raise UsageError(
            f"--speed {_range(*arguments.speed)} is a range, which only --set can draw from; give one number."
        )
    if arguments.backend != "numba" and (arguments.workers or 1) > 1:
        raise UsageError(
            f"--workers {arguments.workers} are threads of --backend numba; {arguments.backend} runs one scene in its own "
            "way: leave it out."
        )
    if arguments.overwrite and not (arguments.out or arguments.movie):
        raise UsageError("--overwrite is about --out and --movie; give one of them, or leave it out.")


def _check_set(arguments: argparse.Namespace) -> None:
    name = arguments.set
    if arguments.whisk and name != "rodgers":
        raise UsageError("--whisk goes with --set rodgers or with one scene; sweeps are passive.")
    if name != "published-110":
        _refuse(arguments, ("part",), "divides --set published-110 alone; leave it out")
    if name == "rodgers":
        fixed: Iterable[str] = (*PLACE, "objects", "categories", "furniture", "shapenet", "draws", "sweeps")
        _refuse(arguments, fixed, "is fixed in --set rodgers, six stimuli with plates of their own; leave it out")
    elif name != "sweeps":
        _refuse(
            arguments,
            (*PLACE, "duration", "draws"),
            f"is fixed in --set {name}; use --set sweeps for a grid of your own",
        )
    if name != "sweeps" and arguments.species != "mouse":
        raise UsageError(
            f"--set {name} is defined for the mouse in its published pose, received --species {arguments.species}; use "
            "--set sweeps."
        )
    if name == "rodgers" and arguments.side != "right":
        raise UsageError(f"--set rodgers is defined for the right side, received --side {arguments.side}.")
    if arguments.furniture and arguments.shapenet:
        raise UsageError("--furniture and --shapenet are two sets of objects; give one of them.")
    if arguments.furniture or arguments.shapenet:
        source = "--furniture" if arguments.furniture else "--shapenet"
        _refuse(
            arguments, ("objects", "categories"), f"is about procedural objects, and {source} has its own; leave it out"
        )
    if arguments.zero_missing and not arguments.stimuli:
        raise UsageError("--zero-missing is about --stimuli; give both.")


def _refuse(arguments: argparse.Namespace, names: Iterable[str], why: str) -> None:
    for name in names:
        if _given(arguments, name):
            raise UsageError(f"{option(name)} {why}.")
