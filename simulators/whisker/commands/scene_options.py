"""Words of the command line as arrays, solids and motions."""

import argparse
import csv
import difflib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..geometry.array import WhiskerArray
    from ..geometry.names import Side
    from ..motion import BaseMotion, RigidMotion
    from ..scene import Scene, SceneObject
    from ..solids import Solid
    from ..stimuli.sweeps import Sweep

SHAPES = {
    "sphere": "R",
    "box": "XxYxZ",
    "cylinder": "RxLENGTH",
    "capsule": "RxLENGTH",
    "torus": "RINGxTUBE",
}
EXAMPLES = {
    "sphere": "sphere:5",
    "box": "box:10x20x30",
    "cylinder": "cylinder:1x40",
    "capsule": "capsule:1x20",
    "torus": "torus:10x2",
}
MESHES = (".obj", ".stl", ".ply", ".off", ".glb", ".gltf", ".3mf")
DIAGONAL_MM = 40.0
LARGEST_WHISK_DEG = 120.0


class UsageError(ValueError):
    """Arguments that cannot be meant."""

    exit_code = 2


def parse_range(text: str) -> tuple[float, float]:
    """``40`` or ``20:60``; two whole numbers stay whole, for draws of whole numbers."""
    low, _, high = text.partition(":")
    return _number(low), _number(high or low)


def parse_point(text: str) -> tuple[float, float, float]:
    """``X,Y,Z`` in mm."""
    parts = text.split(",")
    if len(parts) != 3:
        raise argparse.ArgumentTypeError(f"{text!r} is no point; give X,Y,Z in mm, as in 9,0,-2.")
    x, y, z = map(_number, parts)
    return x, y, z


def parse_whisk(text: str) -> dict[str, float]:
    """``FREQUENCY:AMPLITUDE`` or ``FREQUENCY:AMPLITUDE:SET-POINT`` in Hz and degrees, as parameters of `whisking`."""
    parts = [_number(part) for part in text.split(":")]
    if len(parts) not in (2, 3):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no whisk; give FREQUENCY:AMPLITUDE[:SET-POINT], as in 8:22.5:12.5."
        )
    frequency, amplitude, set_point = (*parts, 0.0)[:3]
    if not abs(amplitude) + abs(set_point) <= LARGEST_WHISK_DEG:
        raise argparse.ArgumentTypeError(
            f"{text!r} turns whiskers by more than {LARGEST_WHISK_DEG:g} degrees from rest; give less, as 8:22.5:12.5."
        )
    return {
        "frequency_hz": frequency,
        "protraction_deg": set_point + amplitude,
        "retraction_deg": amplitude - set_point,
    }


def parse_number(text: str) -> float:
    """A finite number."""
    return float(_number(text))


def _number(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number.") from None
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not finite.")
    return value


@contextmanager
def reading(option: str, path: str, header: str) -> Iterator[None]:
    """Faults of a table are told with the option and the file.

    Parameters
    ----------
    option, path
        As the user gave them.
    header
        What the first line must hold.
    """
    from pandas.errors import EmptyDataError, ParserError

    try:
        yield
    except FileNotFoundError:
        raise UsageError(f"{option} {path} does not exist; give a CSV file with the columns {header}.") from None
    except (EmptyDataError, ParserError, UnicodeError, csv.Error, OSError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(
            f"{option} {path} is no table ({why}); give a CSV file whose first line names the columns {header}."
        ) from None
    except ValueError as error:
        raise UsageError(f"{option} {path}: {error}") from None


def make_array(arguments: argparse.Namespace) -> "WhiskerArray":
    """The right array of the species in its pose, or both; a left one is the mirror image of the scene."""
    if arguments.table is None:
        return _make_array(arguments)
    with reading("--table", arguments.table, "name, length_mm, ... (or those of a published table)"):
        return _make_array(arguments)


def whole_array(arguments: argparse.Namespace) -> "WhiskerArray":
    """`make_array` with all whiskers of the animal, so that places do not depend on the choice among them."""
    return make_array(argparse.Namespace(**vars(arguments) | {"whiskers": None}))


def _make_array(arguments: argparse.Namespace) -> "WhiskerArray":
    from ..geometry.array import mouse_array, rat_array
    from ..stimuli.placement import posed_for_sweeps

    build = {"mouse": mouse_array, "rat": rat_array}[arguments.species]
    side: Side = "both" if arguments.side == "both" else "right"
    names = arguments.whiskers and ",".join(arguments.whiskers)
    if names and arguments.side == "left":
        from ..geometry.names import expand_names, mirrored_name, whisker_names

        names = ",".join(map(mirrored_name, expand_names(names, whisker_names(arguments.species, "left"))))
    array = build(
        side,
        source=arguments.table or "regression",
        preset="whiskit" if arguments.preset == "whiskit" else "proper",
        names=names,
        scatter_seed=arguments.individual,
    )
    return posed_for_sweeps(array) if arguments.species == "mouse" else array


def make_solid(arguments: argparse.Namespace) -> "tuple[Solid, str, str]":
    """The object with its name and category."""
    from .. import solids

    text: str = arguments.object
    kind, _, size = text.partition(":")
    if kind in SHAPES and ":" in text:
        wanted = SHAPES[kind]
        if arguments.diagonal is not None:
            raise UsageError(f"--diagonal scales categories and meshes; {kind}:{wanted} has its size already.")
        try:
            numbers = [float(part) for part in size.split("x")]
        except ValueError:
            numbers = []
        if len(numbers) != len(wanted.split("x")):
            raise UsageError(f"--object {text!r} is not understood; give {kind}:{wanted} in mm, as {EXAMPLES[kind]}.")
        make = getattr(solids, kind.capitalize())
        try:
            return (make(tuple(numbers)) if kind == "box" else make(*numbers)), text, kind
        except ValueError as error:
            raise UsageError(f"--object {text}: {error}") from None
    if Path(text).suffix.lower() in MESHES:
        if not Path(text).is_file():
            raise UsageError(f"--object {text!r} is no file.")
        try:
            return solids.Mesh.read(text, diagonal_mm=_diagonal(arguments)), Path(text).stem, "mesh"
        except ValueError as error:
            raise UsageError(f"--object {text}: {error}") from None
    from ..stimuli.families import categories, make_object

    if kind in SHAPES and kind not in categories():
        raise UsageError(f"--object {kind} needs its size: give {kind}:{SHAPES[kind]} in mm, as {EXAMPLES[kind]}.")
    if kind in categories() and ":" in text:
        raise UsageError(f"--object {text!r} is not understood; the size of a {kind} is that of --diagonal.")
    if text not in categories():
        known = [f"{name}:{size}" for name, size in SHAPES.items()]
        close = difflib.get_close_matches(kind, [*SHAPES, *categories()], n=3) or ["sphere", *categories()[:2]]
        raise UsageError(
            f"--object {text!r} is not known (close: {', '.join(close)}); give {', '.join(known)}, a mesh "
            f"({', '.join(MESHES)}) or one of {', '.join(categories())}."
        )
    return make_object(text, arguments.seed, _diagonal(arguments))[0], f"{text}-{arguments.seed}", text


def _diagonal(arguments: argparse.Namespace) -> float:
    low, high = arguments.diagonal or (DIAGONAL_MM, DIAGONAL_MM)
    if low != high:
        raise UsageError(f"--diagonal {low}:{high} is a range, which only --set can draw from; give one number.")
    return float(low)


def make_base_motion(arguments: argparse.Namespace, array: "WhiskerArray") -> "BaseMotion | None":
    """Whisking, tracked whiskers or a moving head, as asked for."""
    from ..motion import head_motion, tracked_from_csv, whisking

    if arguments.whisk and arguments.angles:
        raise UsageError("--whisk and --angles both say how the whiskers turn; give one of them.")
    head = _path("--head", arguments.head, arguments) if arguments.head else None
    if arguments.angles:
        with reading("--angles", arguments.angles, "time_s and one per whisker (or angle_deg)"):
            return tracked_from_csv(array, arguments.angles, head=head)
    if arguments.whisk:
        try:
            moving = whisking(array, **arguments.whisk)
        except ValueError as error:
            raise UsageError(f"--whisk: {error}") from None
        return moving if head is None else moving.carried_by(head)
    return None if head is None else head_motion(array, head)


def make_scene(arguments: argparse.Namespace) -> "Scene":
    """One scene as the options describe it."""
    from ..scene import Scene

    array = make_array(arguments)
    motion = make_base_motion(arguments, array)
    rate = arguments.rate or 1000.0
    if arguments.object is None:
        scene = Scene(array, (), motion, arguments.duration or 1.0, rate)
    else:
        solid, name, category = make_solid(arguments)
        if arguments.trajectory or arguments.at is not None:
            thing = _placed(arguments, solid, name)
            scene = Scene(array, (thing,), motion, arguments.duration or 1.0, rate)
        else:
            scene = replace(_passing(arguments, array, solid, name, category, rate), base_motion=motion)
    return scene.mirrored() if arguments.side == "left" else scene


def _path(option: str, table: str, arguments: argparse.Namespace) -> "RigidMotion":
    """A path in the world. A left scene is mirrored as a whole, so that it is mirrored beforehand."""
    from ..motion import RigidMotion

    with reading(option, table, "time_s, x_mm, y_mm, z_mm"):
        path = RigidMotion.from_csv(table)
    return path.mirrored() if arguments.side == "left" else path


def _placed(arguments: argparse.Namespace, solid: "Solid", name: str) -> "SceneObject":
    """The object where the user says, in the world; for a left scene mirrored beforehand, as `_path`."""
    from ..motion import RigidMotion
    from ..scene import SceneObject

    left = arguments.side == "left"
    if arguments.trajectory:
        path = _path("--trajectory", arguments.trajectory, arguments)
    else:
        speed = arguments.speed[0] if arguments.speed else 0.0
        path = RigidMotion.linear(arguments.at, (0.0, -speed, 0.0), (0.0, 0.0, one_of(arguments, "rotation", 0.0)))
        path = path.mirrored() if left else path
    return SceneObject(solid.mirrored() if left else solid, path, name)


def _passing(
    arguments: argparse.Namespace, array: "WhiskerArray", solid: "Solid", name: str, category: str, rate: float
) -> "Scene":
    """The object passes the array from just before it until it has left."""
    import numpy as np

    from ..solids.mesh_checks import SIZE_RANGE_MM
    from ..stimuli.placement import place
    from ..stimuli.sweeps import Sweep
    from .default_place import default_place

    low, high = solid.bounds_mm()
    diagonal = float(np.linalg.norm(high - low))
    if diagonal > SIZE_RANGE_MM[1]:
        raise UsageError(
            f"--object {arguments.object} is {diagonal:.4g} mm large; at most {SIZE_RANGE_MM[1]:g} mm is accepted for a "
            "passage: give millimetres, or a place (--at)."
        )
    usual = default_place(whole_array(arguments))
    speed = arguments.speed[0] if arguments.speed else None
    sweep = Sweep(
        object_id=name,
        category=category,
        label=0,
        draw=0,
        diagonal_mm=diagonal,
        rotation_deg=one_of(arguments, "rotation", 0.0),
        tilt_deg=0.0,
        height_mm=one_of(arguments, "height", usual.height_mm),
        distance_mm=one_of(arguments, "distance", usual.distances_mm[0]),
        start_mm=None,
        speed_mm_s=speed,
        duration_s=arguments.duration or (None if speed else 1.0),
    )
    if speed is None:
        _refuse_rush(sweep, solid, array)
    try:
        placed = place(sweep, solid, array)
    except ValueError as error:
        raise UsageError(f"--object {arguments.object}: {error}") from None
    return placed.scene(array, rate_hz=rate)


def _refuse_rush(sweep: "Sweep", solid: "Solid", array: "WhiskerArray") -> None:
    """Refuse a duration in which the passage would be faster than any motion may be."""
    from ..geometry.frames import head_rotation
    from ..motion.rigid import MAX_SPEED_MM_S
    from ..stimuli.passage import clear_passage

    assert sweep.duration_s is not None
    rotation = head_rotation((sweep.tilt_deg, 0.0, sweep.rotation_deg))
    way = clear_passage(solid, rotation, array, distance_mm=sweep.distance_mm, height_mm=sweep.height_mm).length_mm
    if way / sweep.duration_s > MAX_SPEED_MM_S:
        raise UsageError(
            f"--duration is {sweep.duration_s:g} s, in which the object would pass {way:.4g} mm at "
            f"{way / sweep.duration_s:.4g} mm/s; at most {MAX_SPEED_MM_S:g} mm/s is accepted: raise --duration, or give "
            "--speed."
        )


def one_of(arguments: argparse.Namespace, name: str, default: float) -> float:
    """The only value of an option that takes several for a set."""
    values = getattr(arguments, name)
    if values is None:
        return default
    if len(values) != 1:
        raise UsageError(f"--{name} takes one value for one scene, received {len(values)}; give --set for a grid.")
    return float(values[0])
