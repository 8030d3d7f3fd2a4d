"""``neuromodels simulate whisker``: one scene to a recording, or a set of sweeps to a collection."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .scene_options import UsageError, make_scene, parse_point, parse_range, parse_whisk

if TYPE_CHECKING:
    import xarray as xr

    from ..beams.mechanics import Mechanics

SUMMARY = "forces and moments of mouse or rat whiskers that touch objects"
BACKENDS = ("numba", "torch", "mujoco")
SETS = ("sweeps", "published-1000", "published-110", "rodgers")
EXAMPLES = """examples:
  neuromodels simulate whisker --object cylinder:1x40 --whiskers RC2 --out peg.nc --movie peg.gif
  neuromodels simulate whisker --object sphere:0.5 --at 8,0,-2 --whisk 8:22.5:12.5 --out whisk.nc
  neuromodels simulate whisker --set sweeps --objects 10 --out sweeps/ --workers 2 --dry-run
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument_group("array").add_argument
    add("--species", choices=("mouse", "rat"), default="mouse")
    add("--side", choices=("right", "left", "both"), default="right")
    add("--whiskers", nargs="+", metavar="NAME", help="names, rows or patterns: RC1 D 'RA*'; columns count from 0")
    add("--table", metavar="CSV", help="table of whiskers; the published regressions by default")
    add("--individual", type=int, metavar="SEED", help="one individual, scattered about the average")
    add("--preset", choices=("beam", "whiskit"), default="beam", help="mechanics and geometry (default: beam)")
    add("--backend", choices=BACKENDS, default="numba")
    add = parser.add_argument_group("one scene").add_argument
    add("--object", metavar="WHAT", help="sphere:5, box:10x20x30, cylinder:1x40, ... (mm), a category, or a mesh file")
    add("--at", type=parse_point, metavar="X,Y,Z", help="place of its origin (mm) in place of a passage of the array")
    add("--trajectory", metavar="CSV", help="path of the object: time_s, x_mm, y_mm, z_mm and a rotation")
    add("--whisk", type=parse_whisk, metavar="HZ:DEG[:DEG]", help="frequency, amplitude and set-point of whisking")
    add("--angles", metavar="CSV", help="tracked whisker angles: time_s and a column per whisker")
    add("--head", metavar="CSV", help="path of the head, as --trajectory")
    add("--movie", metavar="FILE.gif", help="movie of the scene with its force traces")
    add = parser.add_argument_group("sweeps").add_argument
    add("--height", nargs="+", type=float, metavar="MM", help="z of the middle of the object")
    add("--distance", nargs="+", type=float, metavar="MM", help="least x of the object")
    add("--rotation", nargs="+", type=float, metavar="DEG", help="turn of the object about z")
    add("--diagonal", type=parse_range, metavar="MM[:MM]", help="size of categories and meshes (default: 40)")
    add("--speed", type=parse_range, metavar="MM/S[:MM/S]", help="along -y; by default that of a passage in --duration")
    add("--duration", type=float, metavar="S", help="default: 1, or what a passage at --speed takes")
    add("--rate", type=float, metavar="HZ", help="output intervals per second (default: 1000)")
    add(
        "--overlap",
        choices=("refuse", "push"),
        help="object inside the array at the start (default: refuse; published sets: push)",
    )
    add = parser.add_argument_group("data sets").add_argument
    add("--set", choices=SETS, help="grid clear of the array, the two published grids, or the six neural stimuli")
    add("--objects", type=int, default=10, metavar="N", help="procedural objects per category (default: 10)")
    add("--categories", nargs="+", metavar="NAME", help="all by default")
    add("--furniture", metavar="PATH", help="catalogues (.sh3f) in place of procedural objects")
    add("--shapenet", nargs=2, metavar=("FOLDER", "LIST.csv"), help="your ShapeNetCore and its list of objects")
    add("--part", choices=("train", "test"), default="train", help="of published-110")
    add("--draws", type=int, default=1, metavar="N", help="random sizes, speeds and turns per object (set sweeps)")
    add("--sweeps", type=int, metavar="N", help="only so many, evenly spread over the set")
    add("--shard-size", type=int, default=64, metavar="N", help="sweeps per file (default: 64)")
    add("--batch", type=int, metavar="N", help="scenes simulated at a time (torch: 64 by default)")
    add("--resume", action="store_true", help="go on with the collection in --out")
    add("--stimuli", metavar="FILE.nc", help="also write the network inputs as a stimulus set")
    add("--zero-missing", action="store_true", help="zeros in --stimuli for whiskers that are not simulated")
    add = parser.add_argument_group("run").add_argument
    add("--out", metavar="PATH", help="one scene: FILE.nc or FILE.zarr; a set: a folder")
    add("--overwrite", action="store_true", help="replace an existing recording")
    add("--seed", type=int, default=0, help="of objects and draws (default: 0)")
    add("--workers", type=int, default=1, metavar="N", help="processes of a set, threads of a scene (default: 1)")
    add("--dry-run", action="store_true", help="say how many sweeps, MB and minutes, after one trial sweep")
    add("--json", action="store_true", help="one JSON object on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Simulate what the arguments say; returns the exit code."""
    _check(arguments)
    if arguments.set:
        from .set_command import run_set

        return run_set(arguments)
    return _run_scene(arguments)


def mechanics_of(arguments: argparse.Namespace) -> "Mechanics":
    """The mechanical model asked for."""
    from ..beams.mechanics import Mechanics

    return Mechanics(arguments.preset)


def version() -> str:
    """Version of the installed package."""
    from importlib.metadata import version as installed

    return installed("neuromodels")


def _check(arguments: argparse.Namespace) -> None:
    for name in ("duration", "rate", "workers", "objects", "draws", "sweeps", "shard_size", "batch"):
        value = getattr(arguments, name)
        if value is not None and not 0 < value < float("inf"):
            raise UsageError(f"--{name.replace('_', '-')} is {value}; it must be positive and finite.")
    if arguments.seed < 0:
        raise UsageError(f"--seed is {arguments.seed}; it must not be negative.")
    scene_only = ("object", "at", "trajectory", "angles", "head", "movie", "overwrite")
    set_only = ("categories", "furniture", "shapenet", "sweeps", "batch", "resume", "stimuli", "zero_missing")
    for name in scene_only if arguments.set else set_only:
        if getattr(arguments, name):
            where = "one scene; leave out --set" if arguments.set else "a data set; add --set"
            raise UsageError(f"--{name.replace('_', '-')} belongs to {where}.")
    if not (arguments.out or arguments.movie or arguments.dry_run or (arguments.json and not arguments.set)):
        raise UsageError("nothing would be kept; give --out (or --movie, --dry-run).")


def _run_scene(arguments: argparse.Namespace) -> int:
    scene = make_scene(arguments)
    facts: dict[str, Any] = {
        "whiskers": len(scene.array),
        "intervals": scene.n_intervals,
        "duration_s": scene.n_intervals / scene.rate_hz,
    }
    if arguments.dry_run:
        values = scene.n_intervals * len(scene.array)
        # 29 numbers per whisker and interval, the contact flag, and 3 per node of the default 13 links.
        facts["megabytes_at_most"] = round(values * (29 * 8 + 1 + 14 * 3 * 8) / 1e6, 1)
        return say(facts, arguments.json)
    _refuse_targets(arguments)
    from ..output.storage import save_recording
    from ..simulation import simulate

    record = simulate(
        scene,
        mechanics_of(arguments),
        threads=arguments.workers,
        progress=sys.stderr.isatty(),
        backend=arguments.backend,
        overlap=arguments.overlap or "refuse",
    )
    told = {name: value for name, value in vars(arguments).items() if value and not callable(value)}
    record = record.assign_attrs(options=json.dumps(told, default=str), version=version())
    if arguments.out:
        facts["out"] = str(save_recording(record, arguments.out, overwrite=arguments.overwrite))
    if arguments.movie:
        from ..pictures.movie import scene_movie

        facts["movie"] = str(scene_movie(record, scene, arguments.movie, progress=sys.stderr.isatty()))
    return say(facts | summary(record), arguments.json)


def _refuse_targets(arguments: argparse.Namespace) -> None:
    """What cannot be written is said before the simulation, not after."""
    if arguments.out:
        target = Path(arguments.out)
        if target.suffix not in (".nc", ".zarr"):
            raise UsageError(f"--out {arguments.out} must end in .nc or .zarr; a folder goes with --set.")
        if target.exists() and not arguments.overwrite:
            raise UsageError(f"--out {arguments.out} exists; give --overwrite or another name.")
        target.parent.mkdir(parents=True, exist_ok=True)
    if arguments.movie and Path(arguments.movie).suffix not in (".gif", ".mp4"):
        raise UsageError(f"--movie {arguments.movie} must end in .gif or .mp4.")


def summary(record: "xr.Dataset") -> dict[str, Any]:
    """What a reader wants to know first: who was touched, when, and how hard."""
    import numpy as np

    contact = record["contact"].values
    names = record["whisker"].values
    facts: dict[str, Any] = {"whiskers_touched": int(contact.any(axis=0).sum())}
    if contact.any():
        step, whisker = np.argwhere(contact)[0]
        facts["first_contact_s"] = round(float(record["time"].values[step]), 6)
        facts["first_whisker"] = str(names[whisker])
    for name, key in (("force", "largest_force_mn"), ("moment", "largest_moment_un_m")):
        size = np.linalg.norm(record[name].values, axis=-1)
        facts[key] = float(f"{size.max():.4g}")
        facts[f"{key}_of"] = str(names[np.unravel_index(size.argmax(), size.shape)[1]])
    return facts


def say(facts: dict[str, Any], as_json: bool) -> int:
    """Print facts as lines or as one JSON object; returns the exit code of success."""
    if as_json:
        print(json.dumps(facts))
    else:
        for key, value in facts.items():
            print(f"{key.replace('_', ' ')}: {value}")
    return 0
