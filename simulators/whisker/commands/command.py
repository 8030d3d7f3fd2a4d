"""``neuromodels simulate whisker``: one scene to a recording, or a set of sweeps to a collection."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .option_checks import check_options
from .scene_options import UsageError, make_scene, parse_number, parse_point, parse_range, parse_whisk

if TYPE_CHECKING:
    import xarray as xr

    from ..beams.mechanics import Mechanics

SUMMARY = "forces and moments of mouse or rat whiskers that touch objects"
BACKENDS = ("numba", "torch", "mujoco")
SETS = ("sweeps", "published-1000", "published-110", "rodgers")
EXAMPLES = """where objects pass, unless --distance and --height say:
  One scene: least x beside the outermost base point of the right side by 0.19 of the animal's longest
  whisker, middle at the mean height of the base points, to half a millimetre. Mouse (head in the pose of
  the published sweeps) x from 5, z -2; rat (head at the origin) x from 17, z 0.
  --set sweeps: mouse as published, x from 5 and 8, z -5 and 0; rat x from 17 and 25, z -6.5 and 7.
  A left array is the mirror image of the right one; with --side both the object passes on the right.

examples:
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
    add(
        "--height",
        nargs="+",
        type=parse_number,
        metavar="MM",
        help="z of the middle of the object (default: see below)",
    )
    add("--distance", nargs="+", type=parse_number, metavar="MM", help="least x of the object (default: see below)")
    add("--rotation", nargs="+", type=parse_number, metavar="DEG", help="turn of the object about z (default: 0; "
        "sweeps: 0 30 90 120)")  # fmt: skip
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
    add("--objects", type=int, metavar="N", help="procedural objects per category (default: 10)")
    add("--categories", nargs="+", metavar="NAME", help="all by default")
    add("--furniture", metavar="PATH", help="catalogues (.sh3f) in place of procedural objects")
    add("--shapenet", nargs=2, metavar=("FOLDER", "LIST.csv"), help="your ShapeNetCore and its list of objects")
    add("--part", choices=("train", "test"), help="of published-110 (default: train)")
    add("--draws", type=int, metavar="N", help="random sizes and speeds per object (set sweeps; default: 1)")
    add("--sweeps", type=int, metavar="N", help="only so many, drawn evenly over the set by --seed")
    add("--shard-size", type=int, metavar="N", help="sweeps per file (default: 64)")
    add("--batch", type=int, metavar="N", help="scenes simulated at a time (torch: 64 by default)")
    add("--resume", action="store_true", help="go on with the collection in --out")
    add("--stimuli", metavar="FILE.nc", help="also write the network inputs as a stimulus set")
    add("--zero-missing", action="store_true", help="zeros in --stimuli for whiskers that are not simulated")
    add = parser.add_argument_group("run").add_argument
    add("--out", metavar="PATH", help="one scene: FILE.nc or FILE.zarr; a set: a folder")
    add("--overwrite", action="store_true", help="replace an existing recording or movie")
    add("--seed", type=int, default=0, help="of objects and draws (default: 0)")
    add("--workers", type=int, metavar="N", help="processes of a set, threads of a scene (default: 1)")
    add("--dry-run", action="store_true", help="say how many sweeps, MB and minutes, after one trial sweep")
    add("--json", action="store_true", help="one JSON object on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Simulate what the arguments say; returns the exit code."""
    check_options(arguments)
    if arguments.set:
        from .set_command import run_set

        return run_set(arguments)
    return _run_scene(arguments)


def mechanics_of(arguments: argparse.Namespace) -> "Mechanics":
    """The mechanical model asked for."""
    from ..beams.mechanics import WHISKIT_RAT_LINKS, Mechanics

    published_rat = arguments.preset == "whiskit" and arguments.species == "rat"
    return Mechanics(arguments.preset, n_links=WHISKIT_RAT_LINKS if published_rat else None)


def _run_scene(arguments: argparse.Namespace) -> int:
    from ..output.size import recording_bytes, refuse_too_large

    scene = make_scene(arguments)
    mechanics = mechanics_of(arguments)
    facts: dict[str, Any] = {
        "whiskers": len(scene.array),
        "intervals": scene.n_intervals,
        "duration_s": scene.n_intervals / scene.rate_hz,
    }
    for thing in scene.objects:
        facts["object_starts_at_mm"] = [round(float(x), 3) for x in thing.motion.at(np.zeros(1)).position_mm[0]]
    n_nodes = 1 + max(len(mechanics.chain(whisker)) for whisker in scene.array.whiskers)
    refuse_too_large(len(scene.array), scene.n_intervals, n_nodes)
    if arguments.dry_run:
        size = recording_bytes(len(scene.array), scene.n_intervals, n_nodes)
        facts["megabytes_at_most"] = round(size / 1e6, 1)
        return say(facts, arguments.json)
    _refuse_targets(arguments)
    from ..output.storage import save_recording
    from ..simulation import simulate

    try:
        record = simulate(
            scene,
            mechanics,
            threads=arguments.workers,
            progress=sys.stderr.isatty(),
            backend=arguments.backend,
            overlap=arguments.overlap or "refuse",
        )
    except ValueError as error:
        raise ValueError(str(error).replace("ask for overlap='push'", "give --overlap push")) from error
    told = {name: value for name, value in vars(arguments).items() if value and not callable(value)}
    record = record.assign_attrs(options=json.dumps(told, default=str))
    if arguments.out:
        facts["out"] = str(save_recording(record, arguments.out, overwrite=arguments.overwrite))
    if arguments.movie:
        from ..pictures.movie import scene_movie

        facts["movie"] = str(scene_movie(record, scene, arguments.movie, progress=sys.stderr.isatty()))
    return say(facts | summary(record), arguments.json)


def _refuse_targets(arguments: argparse.Namespace) -> None:
    """What cannot be written is said before the simulation, not after."""
    if arguments.out:
        from ..output.storage import refuse_target

        target = Path(arguments.out)
        if target.suffix not in (".nc", ".zarr"):
            raise UsageError(f"--out {arguments.out} must end in .nc or .zarr; a folder goes with --set.")
        if target.exists() and not arguments.overwrite:
            raise UsageError(f"--out {arguments.out} exists; give --overwrite or another name.")
        try:
            refuse_target(target, overwrite=arguments.overwrite)
        except (OSError, ValueError, ModuleNotFoundError) as error:
            raise UsageError(f"--out: {error}") from None
        target.parent.mkdir(parents=True, exist_ok=True)
    if arguments.movie:
        from ...movie import refuse_target as refuse_movie

        target = Path(arguments.movie)
        if target.exists() and not arguments.overwrite:
            raise UsageError(f"--movie {arguments.movie} exists; give --overwrite or another name.")
        try:
            refuse_movie(target)
        except (OSError, ValueError, RuntimeError) as error:
            raise UsageError(f"--movie: {error}") from None


def summary(record: "xr.Dataset") -> dict[str, Any]:
    """What a reader wants to know first: who was touched, when, and how hard."""
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
