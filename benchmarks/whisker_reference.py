"""The preset `whiskit` beside recordings of the published programs, whisker by whisker.

python benchmarks/whisker_reference.py [FOLDER] [--json]

FOLDER holds `mouse/`, `rat/` and `reference_runs/` (default: `whiskers` in $NEUROMODELS_DATA). Four tables: the initial
geometry; small motions (compliance, first damped frequency and damping ratio of every right whisker, by plain loops over
links, not by the package's own modes); two ring-downs; contact and whisking runs, on averages over 10 ms. Ratios are ours
over the published program's.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from simulators.whisker.analysis import compare_recordings, ring_down
from simulators.whisker.beams.chain import Chain
from simulators.whisker.beams.mechanics import Mechanics
from simulators.whisker.geometry.array import STANDARD_SWEEP_POSE, WhiskerArray, mouse_array, rat_array
from simulators.whisker.geometry.whisker import Whisker
from simulators.whisker.motion import RigidMotion, whisking
from simulators.whisker.scene import Scene, SceneObject
from simulators.whisker.simulation import simulate
from simulators.whisker.solids import Cylinder, Mesh, Solid
from simulators.whisker.solver.plan import plan_scene

MARGIN_MM = 0.5
RAT_LINKS = 20
WINDOW_S = 0.01


class Run(NamedTuple):
    """A recording of a published program: species, solid, and whether the whiskers whisk."""

    species: str
    solid: Callable[[Path], Solid] | None
    whisks: bool = False


def _mesh(name: str, diagonal_mm: float | None = None) -> Callable[[Path], Solid]:
    def read(folder: Path) -> Solid:
        path = folder / "reference_runs" / "objs" / f"{name}.obj"
        return Mesh.read(path, diagonal_mm=diagonal_mm, contact_offset_mm=MARGIN_MM)

    return read


RUNS = {
    "mouse_RC2_peg": Run("mouse", _mesh("peg")),
    "rat_RC2_peg": Run("rat", lambda folder: Cylinder(1.0, 160.0)),
    "rat_array_peg_passive": Run("rat", lambda folder: Cylinder(1.0, 160.0)),
    "mouse_array_sphere": Run("mouse", _mesh("sphere", 20.0)),
    "rat_array_whisk_free": Run("rat", None, whisks=True),
}


def load(folder: Path, name: str) -> dict[str, np.ndarray]:
    """Arrays of one recording."""
    with np.load(folder / "reference_runs" / f"{name}.npz", allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays}


def species_array(folder: Path, species: str) -> WhiskerArray:
    """The average array of the published program, at its origin."""
    build = mouse_array if species == "mouse" else rat_array
    return build(source=folder / species / f"sim_array_average_{species}.csv", preset="whiskit")


def mechanics_of(folder: Path, species: str, **changes: Any) -> Mechanics:
    """The preset's springs and dampers on the program's own link angles, which its table rounds to 1e-6 rad."""
    table = pd.read_csv(folder / species / f"sim_array_average_{species}.csv").set_index("name")
    preset = Mechanics("whiskit", n_links=RAT_LINKS if species == "rat" else None)

    def chain(whisker: Whisker) -> Chain:
        built = preset.chain(whisker)
        angles = table.loc[whisker.name, [f"link_angle_{k:02d}_rad" for k in range(20)]].to_numpy(dtype=float)
        # The table ends at 20 links; the 21st of a long whisker turns like the last.
        return replace(built, rest_angles_rad=np.append(angles, angles[-1])[: len(built)])

    return replace(Mechanics("custom", build_chain=chain, friction=0.0), **changes)


def run_array(folder: Path, name: str, recording: dict[str, np.ndarray]) -> WhiskerArray:
    """Whiskers of a run in its start pose: at rest for the mouse, retracted by 10 degrees for the rat."""
    species = RUNS[name].species
    array = species_array(folder, species).subset([str(whisker) for whisker in recording["names"]])
    if species == "mouse":
        return array.posed(*STANDARD_SWEEP_POSE)
    angles = np.rad2deg(recording["base_euler_rad"])
    turned = tuple(
        replace(whisker, azimuth_deg=float(theta), elevation_deg=float(phi), roll_deg=float(zeta))
        for whisker, (theta, phi, zeta) in zip(array.whiskers, angles, strict=True)
    )
    return replace(array, whiskers=turned)


def published(recording: dict[str, np.ndarray]) -> xr.Dataset:
    """Interval means of a published program in the form of our recordings; its first row precedes the first interval."""
    vector = ("time", "whisker", "axis")
    return xr.Dataset(
        {
            "force": (vector, recording["F_mean"][1:], {"unit": "mN"}),
            "moment": (vector, recording["M_mean"][1:], {"unit": "uN.m"}),
            "contact": (vector[:2], recording["whisker_contact"][1:].astype(bool)),
        },
        coords={
            "time": np.arange(1, len(recording["t"])) / 1000.0,
            "whisker": [str(name) for name in recording["names"]],
            "axis": list("xyz"),
        },
        attrs={"rate_hz": 1000.0},
    )


def scene_of(folder: Path, name: str, recording: dict[str, np.ndarray]) -> Scene:
    """The scene of a run, the object on the path that was recorded; whiskers that it touches at the start left out."""
    array, run = run_array(folder, name, recording), RUNS[name]
    array = array.subset(
        [str(w) for w, hit in zip(recording["names"], recording["whisker_contact"][0], strict=True) if not hit]
    )
    duration_s = (len(recording["t"]) - 1) / 1000.0
    if run.solid is None:
        resting = species_array(folder, run.species).subset(array.names)
        return Scene(array, (), whisking(resting) if run.whisks else None, duration_s)
    poses = recording["obj_pose"]
    turns = poses[:, 3:] / np.linalg.norm(poses[:, 3:], axis=1, keepdims=True)
    path = RigidMotion.sampled(np.arange(len(poses)) / 1000.0, poses[:, :3], turns)
    return Scene(array, (SceneObject(run.solid(folder), path, name),), duration_s=duration_s)


def rest_frames(chain: Chain) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (n + 1, 3) and link frames (n, 3, 3) of a chain at rest, in its base frame, link by link."""
    node, turn = np.zeros(3), 0.0
    nodes, frames = [node], []
    for length, angle in zip(chain.lengths_mm, chain.rest_angles_rad, strict=True):
        turn += angle
        frames.append(np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]))
        node = node + length * frames[-1][:, 0]
        nodes.append(node)
    return np.array(nodes), np.array(frames)


def small_motion(chain: Chain, axis: str) -> dict[str, float]:
    """Compliance at the last link's centre along its own y or z axis, first damped frequency, damping ratio, lever.

    A force along y bends the chain in the plane of its curvature (hinges about z), one along z out of it.
    """
    nodes, frames = rest_frames(chain)
    n = len(chain)
    direction = frames[-1][:, "xyz".index(axis)]
    hinges = [frames[j][:, 2] if axis == "y" else frames[j - 1][:, 1] for j in range(1, n)]
    mass = np.zeros((n - 1, n - 1))
    for i in range(n):
        along = frames[i][:, 0]
        centre = nodes[i] + chain.centroids[i] * chain.lengths_mm[i] * along
        move, turn = np.zeros((n - 1, 3)), np.zeros((n - 1, 3))
        for j in range(1, i + 1):
            move[j - 1] = np.cross(hinges[j - 1], centre - nodes[j])
            turn[j - 1] = hinges[j - 1] - (hinges[j - 1] @ along) * along
        mass += chain.masses_ug[i] * move @ move.T + chain.inertias_ug_mm2[i] * turn @ turn.T
    end = nodes[-2] + chain.lengths_mm[-1] / 2 * frames[-1][:, 0]
    lever = np.array([np.cross(hinges[j - 1], end - nodes[j]) @ direction for j in range(1, n)])
    inverse = np.linalg.inv(mass)
    state = np.block(
        [[np.zeros((n - 1, n - 1)), np.eye(n - 1)], [-inverse * chain.stiffness[1:], -inverse * chain.damping[1:]]]
    )
    roots = np.linalg.eigvals(state)
    first = min(roots[roots.imag > 0], key=abs)
    return {
        "compliance_mm_per_un": float(np.sum(lever**2 / chain.stiffness[1:])),
        "frequency_hz": float(first.imag / (2 * np.pi) * 1000),
        "damping_ratio": float(-first.real / abs(first)),
        "moment_per_force_mm": float(np.linalg.norm(np.cross(end, direction))),
    }


def geometry_rows(folder: Path) -> list[dict]:
    """Largest distance between the published program's points at the start and ours, per run."""
    rows = []
    for name, run in RUNS.items():
        recording = load(folder, name)
        array, mechanics = run_array(folder, name, recording), mechanics_of(folder, run.species)
        preset = Mechanics("whiskit", n_links=RAT_LINKS if run.species == "rat" else None)
        row: dict = {
            "run": name,
            "base_points_mm": 0.0,
            "first_link_mm": 0.0,
            "links_mm": 0.0,
            "links_by_formula_mm": 0.0,
        }
        for w, whisker in enumerate(array.whiskers):
            seen = recording["link_xyz"][0, recording["link_offset"][w] : recording["link_offset"][w + 1]]
            point, rotation = array.base_points_mm()[w], array.base_rotations()[w]
            for column, model in (("links_mm", mechanics), ("links_by_formula_mm", preset)):
                nodes = rest_frames(model.chain(whisker))[0] @ rotation.T + point
                away = np.abs(seen[1:] - (nodes[1:] + nodes[:-1]) / 2).max(axis=1)
                row[column] = max(row[column], float(away.max()))
            row["base_points_mm"] = max(row["base_points_mm"], float(np.abs(seen[0] - point).max()))
            row["first_link_mm"] = max(row["first_link_mm"], float(away[0]))
        rows.append(row)
    return rows


def modal_rows(folder: Path) -> list[dict]:
    """Small motions of every right whisker of the preset beside those measured on the published programs."""
    table = pd.read_csv(folder / "reference_runs" / "whiskit_modal_table.csv")
    rows = []
    for species in ("mouse", "rat"):
        array = species_array(folder, species)
        preset = Mechanics("whiskit", n_links=RAT_LINKS if species == "rat" else None)
        chains = {whisker.name: preset.chain(whisker) for whisker in array.whiskers}
        for seen in table[table["species"] == species].to_dict("records"):
            chain, axis = chains[seen["name"]], str(seen["axis"])
            ours = small_motion(chain, axis)
            rows.append(
                {
                    "species": species,
                    "whisker": seen["name"],
                    "axis": axis,
                    "n_links": len(chain),
                    "curve_deg": float(np.degrees(-chain.rest_angles_rad.sum())),
                    **ours,
                    "compliance_ratio": ours["compliance_mm_per_un"] / seen["ref_compliance_mm_per_uN"],
                    "frequency_ratio": ours["frequency_hz"] / seen["ref_f1_damped_Hz"],
                    "damping_factor": ours["damping_ratio"] / seen["ref_zeta1"],
                    "moment_factor": ours["moment_per_force_mm"] / seen["ref_base_moment_per_force_mm"],
                }
            )
    return rows


def ring_down_rows(folder: Path) -> list[dict]:
    """Free motion after a tip load is let go at 0.12 s, its lowest mode on both sides."""
    rows = []
    for species, whisker in (("rat", "RC2"), ("mouse", "RC1")):
        recording = load(folder, f"ringdown_{species}_{whisker}_y")
        array = species_array(folder, species).subset(whisker)
        mechanics = mechanics_of(folder, species, max_step_ms=0.025)
        scene = Scene(array, duration_s=0.2, rate_hz=10_000.0)
        chain = mechanics.chain(array.whiskers[0])
        nodes, frames = rest_frames(chain)
        side = array.base_rotations()[0] @ frames[-1][:, 1]
        plan = replace(plan_scene(scene, mechanics), tip_force_un=0.2 * side, tip_force_until_ms=120.0)
        plan.run(0)
        assert plan.nodes is not None
        centres = (plan.nodes[0, :, len(chain)] + plan.nodes[0, :, len(chain) - 1]) / 2
        rest = array.base_points_mm()[0] + array.base_rotations()[0] @ ((nodes[-1] + nodes[-2]) / 2)
        traces = (centres - rest) @ side, recording["tip_disp_mm"] @ side
        after = int(np.searchsorted(recording["t"], 0.1205))
        ours, seen = (ring_down(trace[after:], 10_000.0) for trace in traces)
        free = [trace[after:] / trace[after - 10] for trace in traces]
        rows.append(
            {
                "species": species,
                "whisker": whisker,
                "frequency_hz": float(ours.frequency_hz[0]),
                "published_frequency_hz": float(seen.frequency_hz[0]),
                "damping_ratio": float(ours.damping_ratio[0]),
                "published_damping_ratio": float(seen.damping_ratio[0]),
                "trace_rms": float(np.sqrt(np.mean((free[0] - free[1]) ** 2))),
            }
        )
    return rows


def contact_rows(folder: Path, names: tuple[str, ...] = tuple(RUNS), **changes: Any) -> list[dict]:
    """Every whisker of every run beside the published program; without contact only where the bases move."""
    rows = []
    for name in names:
        recording = load(folder, name)
        scene = scene_of(folder, name, recording)
        mechanics = mechanics_of(folder, RUNS[name].species, **changes)
        ours = simulate(scene, mechanics)
        seen = published(recording).sel(whisker=list(scene.array.names))
        agreement = compare_recordings(ours, seen, window_s=WINDOW_S)
        for w, whisker in enumerate(scene.array.whiskers):
            touched = [bool(side["contact"].values[:, w].any()) for side in (ours, seen)]
            if not any(touched) and not RUNS[name].whisks:
                continue
            times = np.flatnonzero(seen["contact"].values[:, w]) if touched[1] else np.array([np.nan])
            one = agreement.isel(whisker=w)
            rows.append(
                {
                    "run": name,
                    "whisker": whisker.name,
                    "n_links": len(mechanics.chain(whisker)),
                    "touched": touched,
                    "published_onset_ms": float(times[0]),
                    "published_release_ms": float(times[-1] + 1),
                    **{
                        field: float(one[field])
                        for field in (
                            "onset_difference", "release_difference", "force_rms", "moment_rms", "peak_force_ratio",
                            "peak_moment_ratio",
                        )
                    },
                    "force_correlation": [float(value) for value in one["force_correlation"]],
                    "moment_correlation": [float(value) for value in one["moment_correlation"]],
                }
            )  # fmt: skip
    return rows


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, help="mouse/, rat/ and reference_runs/")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    folder = options.folder or Path(os.environ.get("NEUROMODELS_DATA", "")) / "whiskers"
    if not (folder / "reference_runs").is_dir():
        sys.exit(f"{folder} has no reference_runs; give the folder or set NEUROMODELS_DATA.")
    tables = {
        "geometry": geometry_rows(folder),
        "small motion": modal_rows(folder),
        "ring-down": ring_down_rows(folder),
        "runs": contact_rows(folder),
    }
    if options.json:
        print(json.dumps(tables, indent=1))
        return
    for title, rows in tables.items():
        print(f"\n{title}")
        print(pd.DataFrame(rows).to_string(index=False, float_format=lambda value: f"{value:.4g}"))


if __name__ == "__main__":
    main()
