"""Whiskers and solids in the plane of a picture: seen from a camera, near things over far things."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .camera import Camera
from .compass import compass, compass_height_pt, root_figure, scale_bar
from .drawn_surface import Surface

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable

    from ..geometry.array import WhiskerArray
    from ..scene import Scene

# Colours of Okabe and Ito and, for E, of Tol: apart for every kind of colour vision, none fades on white.
ROW_COLOURS = {"A": "#0072B2", "B": "#009E73", "C": "#E69F00", "D": "#D55E00", "E": "#882255"}
# Of Okabe and Ito, for single whiskers.
LINE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
OBJECT_COLOURS = ("#AFC3D2", "#CFC6AE", "#C3B7CF", "#B5CBB7")
EDGE_COLOUR = "#46586A"
PAD_COLOUR = "#F4E1D8"
PALE_COLOUR = "#C4C4C4"

WIDEST_PT = 2.4
NARROWEST_PT = 0.6
# Objects up to so many times the array are shown whole where they are near it.
LARGEST_WHOLE = 2.5


@dataclass(frozen=True)
class Course:
    """What there is to draw over time.

    Parameters
    ----------
    lines_mm
        Centre lines ``(time, whisker, node, 3)``, NaN behind the last node.
    contacts_mm
        Contact points ``(time, whisker, 3)``, NaN without contact.
    positions_mm, quaternions
        Poses of the objects ``(time, object, 3)`` and ``(time, object, 4)``, w first.
    """

    lines_mm: np.ndarray
    contacts_mm: np.ndarray
    positions_mm: np.ndarray
    quaternions: np.ndarray

    @classmethod
    def of(cls, result: "xr.Dataset", scene: "Scene") -> "Course":
        """Course of a simulated scene.

        Raises
        ------
        ValueError
            If the result lacks its nodes, or its whiskers or objects are not those of the scene.
        """
        if "nodes" not in result:
            raise ValueError("the result holds no variable 'nodes', the shape of the whiskers; simulate it with nodes.")
        names = [str(name) for name in result["whisker"].values]
        if names != list(scene.array.names):
            raise ValueError(
                f"the result has whiskers {', '.join(names)}, the scene {', '.join(scene.array.names)}; "
                "give the scene that was simulated."
            )
        n_objects = result.sizes.get("object", 0)
        if n_objects != len(scene.objects):
            raise ValueError(
                f"the result has {n_objects} objects, the scene {len(scene.objects)}; give the scene that was simulated."
            )
        n_samples = result.sizes["time"]
        moved = n_objects > 0
        return cls(
            result["nodes"].values,
            result["contact_point"].values,
            result["object_position"].values if moved else np.zeros((n_samples, 0, 3)),
            result["object_quaternion"].values if moved else np.zeros((n_samples, 0, 4)),
        )

    @classmethod
    def at_rest(cls, array: "WhiskerArray", n_points: int = 40) -> "Course":
        """One moment of an array that nothing touches."""
        lines = np.asarray(array.centre_lines_mm(n_points))[None]
        return cls(lines, np.full((1, lines.shape[1], 3), np.nan), np.zeros((1, 0, 3)), np.zeros((1, 0, 4)))


class SceneDrawing:
    """An axis that shows a course at any of its samples; `show` moves the artists there.

    Parameters
    ----------
    ax
        Axis to draw on; its frame and ticks are taken away.
    array
        The whiskers, in the order of the course; their radii set the widths of the lines, magnified.
    course
        What is drawn.
    solids
        One per object of the course.
    view
        ``oblique``, ``top``, ``front``, ``side``, or azimuth and elevation of the camera in degrees.
    magnitudes
        Quantity ``(time, whisker)`` that colours the whiskers; without it, as `whisker_colours` says.
    samples
        Samples that will be shown: their extent sets the limits; all by default.
    pale
        Whiskers in grey, as the ground for something else.
    """

    def __init__(
        self,
        ax: "Axes",
        array: "WhiskerArray",
        course: Course,
        *,
        solids: Sequence[Any] = (),
        view: str | tuple[float, float] = "oblique",
        magnitudes: np.ndarray | None = None,
        samples: Sequence[int] | None = None,
        pale: bool = False,
    ) -> None:
        from matplotlib.collections import PolyCollection

        self.ax, self.course = ax, course
        self.names = list(array.names)
        self.camera = Camera.of(view, self.names)
        self._plain = [PALE_COLOUR] * len(self.names) if pale else whisker_colours(self.names, self.names)
        self._magnitudes = magnitudes
        self.colours: ScalarMappable | None = None if magnitudes is None else _scale(magnitudes)
        self._widths = _widths(array, course.lines_mm)
        shown = np.arange(len(course.lines_mm)) if samples is None else np.asarray(samples)
        centre, extent = _field(course.lines_mm[shown])
        self._speck_mm = 0.004 * float(extent.max())  # about a pixel: what is shorter is not drawn
        # Smaller than this the order of near and far is right to the eye.
        self._surfaces = [Surface.of(*solid.surface(), edge_mm=float(extent.max()) / 25) for solid in solids]
        self._sides = [np.array([name[0] == side for name in self.names]) for side in "LR"]
        self._faces: Any = PolyCollection([], capstyle="round", joinstyle="round", zorder=2)
        # What an object hides shows through it faintly.
        self._ghosts: Any = PolyCollection([], capstyle="round", facecolor="none", alpha=0.3, zorder=3)
        for collection in (self._faces, self._ghosts):
            ax.add_collection(collection, autolim=False)
        (self._contacts,) = ax.plot(
            [], [], "o", markersize=4.5, markerfacecolor="white", markeredgecolor="black", zorder=4, linestyle="none"
        )
        self._frame(shown, centre, extent)
        self.show(int(shown[0]))

    @property
    def artists(self) -> list[Any]:
        """What `show` changes, in the order of drawing."""
        return [self._faces, self._ghosts, self._contacts]

    def show(self, sample: int) -> None:
        """Move everything to where it is at one sample of the course."""
        lines = self.camera.project(self.course.lines_mm[sample])
        parts = [_strokes(lines, self._widths, self._whisker_colours(sample))]
        for number, surface in enumerate(self._surfaces):
            pose = self.course.positions_mm[sample, number], self.course.quaternions[sample, number]
            parts += _solid_parts(surface, pose, self.camera, object_colour(number))
        parts += [_pad(lines[chosen, 0], self._speck_mm) for chosen in self._sides if chosen.any()]
        if self._surfaces:
            self._ghosts.set_verts(parts[0][0])
            self._ghosts.set_edgecolor(parts[0][3])
            self._ghosts.set_linewidth(parts[0][4])
        shapes, depth, face, edge, width = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.argsort(depth, kind="stable")
        self._faces.set_verts(shapes[order])
        self._faces.set_facecolor(face[order])
        self._faces.set_edgecolor(edge[order])
        self._faces.set_linewidth(width[order])
        touched = self.camera.project(self.course.contacts_mm[sample])
        self._contacts.set_data(touched[:, 0], touched[:, 1])

    def _whisker_colours(self, sample: int) -> np.ndarray:
        from matplotlib.colors import to_rgba_array

        if self.colours is None or self._magnitudes is None:
            return to_rgba_array(self._plain)
        return np.asarray(self.colours.to_rgba(self._magnitudes[sample]))

    def _frame(self, shown: np.ndarray, centre: np.ndarray, extent: np.ndarray) -> None:
        """Limits that hold the whiskers and what of the objects is near them; axes of the animal; scale bar."""
        seen = [_finite(self.camera.project(self.course.lines_mm[shown]))[:, :2]]
        reach = 0.75 * extent + 0.1 * extent.max()
        for number, surface in enumerate(self._surfaces):
            for sample in shown[:: max(1, len(shown) // 20)]:
                pose = self.course.positions_mm[sample, number], self.course.quaternions[sample, number]
                corners = surface.posed(*pose)
                near = np.clip(corners, centre - reach, centre + reach)
                small = np.ptp(corners, axis=0).max() < LARGEST_WHOLE * extent.max()
                whole = small and (near == corners).all(axis=1).any()
                seen.append(self.camera.project(corners if whole else near)[:, :2])
        points = np.concatenate(seen)
        margin = 0.06 * np.ptp(points, axis=0).max()
        low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
        # Room below for the bar and the axes, which have a size on paper.
        height_pt = self.ax.bbox.height * 72 / root_figure(self.ax).dpi
        room = min(0.4, compass_height_pt(self.camera) / max(height_pt, 1.0))
        low[1] -= room / (1 - room) * (high[1] - low[1])
        # Left to autoscaling, which widens them where the axis is wider or taller than the picture.
        self.ax.update_datalim([low, high])
        self.ax.set_xlim(low[0], high[0], auto=True)
        self.ax.set_ylim(low[1], high[1], auto=True)
        self.ax.set_aspect("equal", adjustable="datalim")
        self.ax.set_axis_off()
        scale_bar(self.ax, high[0] - low[0])
        compass(self.ax, self.camera)


def whisker_colours(names: Sequence[str], among: Sequence[str]) -> list[str]:
    """Colours of some whiskers of a recording, the same in every picture of it where it has few.

    One of its own for each whisker where all are, or else these are, no more than six; that of the row for more.
    """
    for few in (among, names):
        if len(few) <= len(LINE_COLOURS):
            return [LINE_COLOURS[list(few).index(name)] for name in names]
    return [ROW_COLOURS[name[1]] for name in names]


def object_colour(number: int) -> str:
    """Colour of one of the objects of a scene."""
    return OBJECT_COLOURS[number % len(OBJECT_COLOURS)]


def _finite(points: np.ndarray) -> np.ndarray:
    flat = points.reshape(-1, points.shape[-1])
    return flat[np.isfinite(flat).all(axis=1)]


def _field(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    points = _finite(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    return (low + high) / 2, high - low


def _scale(magnitudes: np.ndarray) -> "ScalarMappable":
    import matplotlib
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm

    # The palest tenth of the map would vanish on white.
    colours = matplotlib.colormaps["plasma"](np.linspace(0.0, 0.88, 256))
    largest = float(np.nanmax(magnitudes)) if np.isfinite(magnitudes).any() else 0.0
    return ScalarMappable(PowerNorm(0.5, 0, largest or 1.0), LinearSegmentedColormap.from_list("magnitude", colours))


def _widths(array: "WhiskerArray", lines: np.ndarray) -> np.ndarray:
    """Line widths ``(whisker, node - 1)`` in points, in proportion to the radius, from base to tip."""
    counts = np.isfinite(lines[0, :, :, 0]).sum(axis=1)
    fraction = np.clip((np.arange(lines.shape[2] - 1) + 0.5) / np.maximum(counts - 1, 1)[:, None], 0, 1)
    base = np.array([whisker.base_radius_mm for whisker in array.whiskers])[:, None]
    tip = np.array([whisker.tip_radius_mm for whisker in array.whiskers])[:, None]
    radii = base + (tip - base) * fraction
    return NARROWEST_PT + (WIDEST_PT - NARROWEST_PT) * radii / base.max()


_Part = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _strokes(lines: np.ndarray, widths: np.ndarray, colours: np.ndarray) -> _Part:
    """Pieces of projected whiskers as flat triangles with an outline: one kind of shape for lines and faces."""
    start, end = lines[:, :-1], lines[:, 1:]
    there = np.isfinite(start).all(axis=2) & np.isfinite(end).all(axis=2)
    edge = np.broadcast_to(colours[:, None], (*there.shape, 4))[there]
    return _as_lines(start[there], end[there], edge, widths[there])


def _as_lines(start: np.ndarray, end: np.ndarray, edge: np.ndarray, width: np.ndarray) -> _Part:
    shapes = np.stack([start, end, end], axis=1)
    return shapes[..., :2], (start[:, 2] + end[:, 2]) / 2, np.zeros((len(start), 4)), edge, width


def _solid_parts(
    surface: Surface, pose: tuple[np.ndarray, np.ndarray], camera: Camera, colour: str
) -> tuple[_Part, _Part]:
    """Shaded faces and outlines of one posed solid."""
    from matplotlib.colors import to_rgb, to_rgba

    triangles, normals, start, end = surface.seen_from(*pose, camera.axes())
    # Light from the upper left behind the viewer.
    light = np.array([-0.45, 0.55, 0.70])
    shade = normals @ (light / np.linalg.norm(light))
    brightness = 0.62 + 0.38 * (np.abs(shade) if not surface.closed else np.clip(shade, 0, 1))
    face = np.concatenate([brightness[:, None] * to_rgb(colour), np.ones((len(shade), 1))], axis=1)
    # That of its farthest corner: a whisker or an edge that lies on the face is drawn over it.
    depth = triangles[..., 2].min(axis=1) - 0.02 * surface.edge_mm
    # An outline in the colour of the face closes the seam that antialiasing leaves between neighbours.
    faces = triangles[..., :2], depth, face, face, np.full(len(face), 0.7)
    edge = np.broadcast_to(to_rgba(EDGE_COLOUR), (len(start), 4))
    shapes, _, *rest = _as_lines(start, end, edge, np.full(len(start), 0.8))
    # A little nearer than its nearest end: the seams of the faces beside it do not cut it into dashes.
    return faces, (shapes, np.maximum(start[:, 2], end[:, 2]) + 0.25 * surface.edge_mm, *rest)


def _pad(bases: np.ndarray, speck_mm: float) -> _Part:
    """Skin under the base points of one side; its thick round outline makes an area even of one point."""
    from matplotlib.colors import to_rgba
    from scipy.spatial import ConvexHull, QhullError

    try:
        outline = bases[ConvexHull(bases[:, :2]).vertices, :2]
    except (QhullError, ValueError):  # fewer than three, or in one line
        outline = bases[np.lexsort(bases[:, :2].T)][[0, -1], :2] + [[0, 0], [speck_mm, 0]]
    shapes = np.stack([np.broadcast_to(outline[0], outline[1:].shape), outline[:-1], outline[1:]], axis=1)
    colour = np.tile(to_rgba(PAD_COLOUR), (len(shapes), 1))
    depth = np.full(len(shapes), bases[:, 2].min() - 0.3 * np.ptp(bases, axis=0).max() - 0.5)
    return shapes, depth, colour, colour, np.full(len(shapes), 16.0)
