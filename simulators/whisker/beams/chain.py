"""A whisker as a chain of rigid links: where the joints lie, how stiff they are, what the links weigh.

Units of the kernels: mm, ug, ms, so that forces are uN, moments uN.mm and a Young's modulus keeps its number in Pa.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..geometry.shape import link_angles, whiskit_link_angles
from ..geometry.whisker import Whisker

# The published program's constants: effective spring and damper per solver step, measured on it.
WHISKIT_STEP_MS = 0.01
WHISKIT_ITERATIONS = 20
WHISKIT_FACTOR = 1.5
WHISKIT_ZETA = 0.32

# Joints per length ~ 1 / (radius / base radius + TIP) + BASE / (arc / length + NEAR): dense where the whisker is thin,
# and near the base, where a load has few joints to turn.
TIP, BASE, NEAR = 0.1, 0.2, 0.02
GAUSS_POINTS = np.polynomial.legendre.leggauss(10)


@dataclass(frozen=True)
class Chain:
    """One whisker as ``n`` rigid links.

    Link 0 is fixed to the base frame, turned by ``rest_angles_rad[0]`` about its z axis. Link i hangs on link i-1 by two
    hinges, first about y, then about z: R_i = R_(i-1) Ry(beta) Rz(gamma), with spring moments -stiffness * beta and
    -stiffness * (gamma - rest), dampers alike on the rates, and neither twist nor stretch.

    Parameters
    ----------
    lengths_mm, masses_ug, centroids, inertias_ug_mm2
        (n,) per link; ``centroids`` as a fraction of the link from its proximal end; transverse moment of inertia about
        the centroid (that about the link's own axis is neglected).
    radii_mm
        (n + 1,) at the nodes.
    stiffness, damping
        (n,) of the joint at the proximal end of each link, uN.mm/rad and uN.mm.ms/rad; 0 at index 0 (clamp).
    rest_angles_rad
        (n,) turn about local z before each link at rest.
    """

    lengths_mm: np.ndarray
    masses_ug: np.ndarray
    centroids: np.ndarray
    inertias_ug_mm2: np.ndarray
    radii_mm: np.ndarray
    stiffness: np.ndarray
    damping: np.ndarray
    rest_angles_rad: np.ndarray

    def __len__(self) -> int:
        return len(self.lengths_mm)

    @property
    def node_arcs_mm(self) -> np.ndarray:
        """(n + 1,) arc length of every node from the base, mm."""
        return np.concatenate([[0.0], np.cumsum(self.lengths_mm)])


def beam_chain(whisker: Whisker, n_links: int, damping_ratio: float, youngs_modulus_pa: float | None = None) -> Chain:
    """Chain whose joints are Gauss points of the beam's flexibility.

    A joint at x_j with flexibility c_j turns the beam integrals int p(x) / (E I(x)) dx into sums c_j p(x_j). With two
    points per element and the weight 1/(E I), they are exact for every p up to third degree, so tip deflection and tip
    slope under end loads are those of the tapered beam for any odd number of links (an even number leaves one element
    with one point). Elements are short towards the tip, where it bends, and near the base. Masses, centroids and moments
    of inertia of the links are integrals over the cone.

    Parameters
    ----------
    whisker
        Geometry and material.
    n_links
        Number of rigid links, at least 3.
    damping_ratio
        Of the first mode; the dampers are proportional to the springs, so mode k has f_k / f_1 times this ratio.
    youngs_modulus_pa
        Instead of the whisker's own.

    Raises
    ------
    ValueError
        If there are fewer than 3 links or the damping ratio is negative.

    References
    ----------
    Golub & Welsch (1969), Math. Comp. 23, for the points. Birdwell et al. (2007), J. Neurophysiol. 98, for the tapered
    whisker as a cantilever.
    """
    if n_links < 3:
        raise ValueError(
            f"a whisker needs at least 3 links, received {n_links}; {whisker.name} bends at the joints between."
        )
    if not (np.isfinite(damping_ratio) and damping_ratio >= 0):
        raise ValueError(f"damping_ratio is {damping_ratio}; it must be finite and not negative (0 for no damping).")
    length, modulus = whisker.length_mm, youngs_modulus_pa or whisker.youngs_modulus_pa
    taper = (whisker.tip_radius_mm - whisker.base_radius_mm) / length

    def flexibility(arc: np.ndarray) -> np.ndarray:
        return 4 / (np.pi * modulus * (whisker.base_radius_mm + taper * arc) ** 4)

    joints, flexibilities = _gauss_joints(whisker, n_links - 1, flexibility)
    nodes = np.concatenate([[0.0], joints, [length]])
    masses, centroids, inertias = _cone_links(whisker, nodes)
    stiffness = np.concatenate([[0.0], 1 / flexibilities])
    shape = link_angles(whisker.curvature_per_mm, nodes, convention="chord")
    chain = Chain(
        lengths_mm=shape.lengths_mm,
        masses_ug=masses,
        centroids=centroids,
        inertias_ug_mm2=inertias,
        radii_mm=whisker.base_radius_mm + taper * nodes,
        stiffness=stiffness,
        damping=np.zeros(n_links),
        rest_angles_rad=np.concatenate([[shape.offset_rad], shape.rest_rad[1:]]),
    )
    if damping_ratio == 0:
        return chain
    from .modes import natural_frequencies_hz

    # C = tau K gives mode k the ratio pi f_k tau.
    relaxation_ms = 1000 * damping_ratio / (np.pi * natural_frequencies_hz(chain, 1)[0])
    return Chain(**{**chain.__dict__, "damping": relaxation_ms * stiffness})


def whiskit_chain(whisker: Whisker, n_links: int, youngs_modulus_pa: float = 5e9) -> Chain:
    """The chain that the published simulator in effect computes.

    Its springs are velocity motors whose strength depends on the solver; measured on it, joint j behaves like a linear
    spring K_j = 1.5 I_j d_j k_j / h^2 and damper C_j = 1.5 I_j N / h, with h = 10 us, N = 20 solver iterations, I_j the
    reduced moment of inertia of the two links, and d_j, k_j its nominal formulas (in which the whole length stands where
    a beam has the link's, and a link length is missing in the distal mass).

    Parameters
    ----------
    whisker
        Geometry; the published programs use the tip radius and densities of the ``whiskit`` arrays.
    n_links
        Equal links; 20 for the rat, ``int(length_mm)`` for the mouse.
    youngs_modulus_pa
        Nominal modulus, 5 GPa in the programs.

    Raises
    ------
    ValueError
        If there are fewer than 3 links.

    References
    ----------
    Zweifel et al. (2021), PNAS 118, e2011905118; the law is our measurement of its program.
    """
    if n_links < 3:
        raise ValueError(f"a whisker needs at least 3 links, received {n_links}; ask for more links per mm.")
    length, link = whisker.length_mm, whisker.length_mm / n_links
    nodes = np.arange(n_links + 1) * link
    radii = whisker.base_radius_mm + (whisker.tip_radius_mm - whisker.base_radius_mm) * nodes / length
    wide, narrow, tip = radii[:-1], radii[1:], radii[-1]
    index = np.arange(n_links)
    slope = (whisker.density_tip_kg_m3 - whisker.density_base_kg_m3) / n_links
    density = whisker.density_base_kg_m3 + (index + 1) * slope
    masses = density * np.pi * link / 3 * (wide**2 + wide * narrow + narrow**2)
    inertias = masses * link**2 / 12 + masses * ((wide + narrow) / 2) ** 2 / 4
    nominal = youngs_modulus_pa * np.pi * wide**4 / 4 / length
    section = wide**2 + wide * tip + tip**2
    distal_arm = (n_links - index) * link / 4 * (wide**2 + 2 * wide * tip + 3 * tip**2) / section
    distal_mass = density * np.pi * (n_links - index) / 3 * section
    parameter = 1 / (2 * WHISKIT_ZETA * distal_arm * np.sqrt(nominal * distal_mass) + distal_arm**2 * distal_mass)
    reduced = np.zeros(n_links)
    reduced[1:] = 1 / (1 / inertias[:-1] + 1 / inertias[1:])
    return Chain(
        lengths_mm=np.full(n_links, link),
        masses_ug=masses,
        centroids=np.full(n_links, 0.5),
        inertias_ug_mm2=inertias,
        radii_mm=radii,
        stiffness=WHISKIT_FACTOR * reduced * parameter * nominal / WHISKIT_STEP_MS**2,
        damping=WHISKIT_FACTOR * reduced * WHISKIT_ITERATIONS / WHISKIT_STEP_MS,
        rest_angles_rad=whiskit_link_angles(whisker.curvature_per_mm, length, n_links),
    )


def _gauss_joints(
    whisker: Whisker, count: int, weight: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Positions and flexibilities of the joints: two per element, one in the first if the count is odd."""
    per_element = [1] * (count % 2) + [2] * (count // 2)
    arcs = np.linspace(0, whisker.length_mm, 4001)
    radius = 1 + (whisker.tip_radius_mm / whisker.base_radius_mm - 1) * arcs / whisker.length_mm
    density = 1 / (radius + TIP) + BASE / (arcs / whisker.length_mm + NEAR)
    share = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    filled = np.concatenate([[0], np.cumsum(per_element)]) / count
    edges = np.interp(filled, share / share[-1], arcs)
    points, weights = [], []
    for first, last, number in zip(edges[:-1], edges[1:], per_element, strict=True):
        x, w = _panels(first, last)
        w = w * weight(x)
        total, middle = w.sum(), np.sum(w * x) / w.sum()
        if number == 1:
            points.append(middle)
            weights.append(total)
            continue
        variance = np.sum(w * (x - middle) ** 2) / total
        skew = np.sum(w * (x - middle) ** 3) / total / variance
        # Zeros of the second orthogonal polynomial t^2 - skew t - variance about the centroid.
        roots = skew / 2 + np.array([-1, 1]) * np.sqrt(skew**2 / 4 + variance)
        share_first = roots[1] / (roots[1] - roots[0])
        points.extend(middle + roots)
        weights.extend([total * share_first, total * (1 - share_first)])
    return np.array(points), np.array(weights)


def _cone_links(whisker: Whisker, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mass, centroid (fraction of the link) and transverse moment of inertia of every piece of the cone."""
    masses, centroids, inertias = [], [], []
    for first, last in zip(nodes[:-1], nodes[1:], strict=True):
        x, w = _panels(first, last)
        along = x / whisker.length_mm
        radius = whisker.base_radius_mm + (whisker.tip_radius_mm - whisker.base_radius_mm) * along
        density = whisker.density_base_kg_m3 + (whisker.density_tip_kg_m3 - whisker.density_base_kg_m3) * along
        w = w * density * np.pi * radius**2
        mass, centre = w.sum(), np.sum(w * x) / w.sum()
        masses.append(mass)
        centroids.append((centre - first) / (last - first))
        inertias.append(np.sum(w * ((x - centre) ** 2 + radius**2 / 4)))
    return np.array(masses), np.array(centroids), np.array(inertias)


def _panels(first: float, last: float) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre points and weights on panels that shrink towards ``last``, where flexibility may soar."""
    x, w = GAUSS_POINTS
    edges = last - (last - first) * np.concatenate([0.5 ** np.arange(8), [0.0]])
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (x + 1)).ravel(), (half * w).ravel()
