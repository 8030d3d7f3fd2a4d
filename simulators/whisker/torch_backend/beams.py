"""Chains of elastic beams from tensors, so that gradients reach geometry and material.

The construction is that of `simulators.whisker.beams.chain.beam_chain`, for many whiskers of one number of links at once.
"""

import math

import numpy as np
import torch
from torch import Tensor

from simulators.whisker.beams.chain import BASE, NEAR, TIP
from simulators.whisker.beams.mechanics import DEFAULT_LINKS
from simulators.whisker.geometry.shape import parabola_abscissa
from simulators.whisker.torch_backend.chain import ChainBatch
from simulators.whisker.torch_backend.dynamics import inertia, pose

N_ARCS = 4001
N_GAUSS, N_PANELS = 10, 8


def beam_chains(
    length_mm: Tensor,
    curvature_per_mm: Tensor,
    base_radius_mm: Tensor,
    tip_radius_mm: Tensor,
    youngs_modulus_pa: Tensor,
    density_base_kg_m3: Tensor,
    density_tip_kg_m3: Tensor,
    *,
    n_links: int = DEFAULT_LINKS,
    damping_ratio: Tensor | float = 0.14,
) -> ChainBatch:
    """Chains whose joints are Gauss points of the beams' flexibility; differentiable with respect to every tensor.

    Parameters
    ----------
    length_mm, curvature_per_mm, base_radius_mm, tip_radius_mm
        (whisker,) arc length, coefficient A of the parabola y = A x^2 at rest, radii of the cone.
    youngs_modulus_pa, density_base_kg_m3, density_tip_kg_m3
        (whisker,) material; the density is linear in arc length.
    n_links
        Rigid links of every whisker, at least 3.
    damping_ratio
        (whisker,) or one for all, of the first mode; the dampers are proportional to the springs.

    Returns
    -------
    ChainBatch
        One row per whisker, in double precision.

    Raises
    ------
    ValueError
        If the tensors differ in shape, a number is out of range, or there are fewer than 3 links.

    References
    ----------
    Golub & Welsch (1969), Math. Comp. 23, for the points.
    """
    inputs = {
        "length_mm": length_mm, "curvature_per_mm": curvature_per_mm, "base_radius_mm": base_radius_mm,
        "tip_radius_mm": tip_radius_mm, "youngs_modulus_pa": youngs_modulus_pa,
        "density_base_kg_m3": density_base_kg_m3, "density_tip_kg_m3": density_tip_kg_m3,
    }  # fmt: skip
    for name, values in inputs.items():
        if values.shape != length_mm.shape or values.ndim != 1:
            raise ValueError(f"{name} has the shape {tuple(values.shape)}; give one number per whisker, (whisker,).")
        if not torch.isfinite(values).all() or (name != "curvature_per_mm" and (values <= 0).any()):
            raise ValueError(f"{name} is {values.tolist()}; it must be finite and, but for the curvature, positive.")
    if n_links < 3:
        raise ValueError(f"a whisker needs at least 3 links, received {n_links}.")
    ratio = torch.as_tensor(damping_ratio, dtype=torch.float64, device=length_mm.device)
    if ratio.shape not in ((), length_mm.shape):
        raise ValueError(f"damping_ratio has the shape {tuple(ratio.shape)}; give one number, or one per whisker.")
    if not (torch.isfinite(ratio).all() and (ratio >= 0).all()):
        raise ValueError(f"damping_ratio is {ratio.tolist()}; it must be finite and not negative (0 for no damping).")
    length, curvature, base, tip, modulus, rho_base, rho_tip = (values.double() for values in inputs.values())
    taper = (tip - base) / length
    joints, flexibilities = _gauss_joints(length, base, tip, modulus, n_links - 1)
    nodes = torch.cat([torch.zeros_like(length)[:, None], joints, length[:, None]], 1)
    masses, centroids, inertias = _cone_links(length, base, tip, rho_base, rho_tip, nodes)
    stiffness = torch.nn.functional.pad(1 / flexibilities, (1, 0))
    lengths, rest = _link_angles(curvature, nodes)
    links = torch.ones_like(lengths)
    moving = links.clone()
    moving[:, 0] = 0.0
    chain = ChainBatch(
        lengths, masses, centroids, inertias, base[:, None] + taper[:, None] * nodes, stiffness,
        torch.zeros_like(stiffness), rest, moving, links,
    )  # fmt: skip
    if not ratio.requires_grad and not ratio.any():
        return chain
    # C = tau K gives mode k the ratio pi f_k tau.
    relaxation_ms = 1000 * ratio / (math.pi * first_frequencies_hz(chain))
    return chain._replace(damping=relaxation_ms[:, None] * stiffness)


def first_frequencies_hz(chain: ChainBatch) -> Tensor:
    """Lowest natural frequency of each chain (chain,), bending out of the plane of its curvature."""
    q = torch.stack([torch.zeros_like(chain.rest_angles), chain.rest_angles], -1)
    frame = torch.eye(3, dtype=q.dtype, device=q.device).expand(len(q), 3, 3)
    matrix = inertia(chain, pose(chain, frame, q)).matrix[:, ::2, ::2]
    # Of a padded joint neither inertia nor stiffness counts.
    soft = torch.where(chain.joints > 0, chain.stiffness, 1.0)[:, 1:].rsqrt() * chain.joints[:, 1:]
    slowest = torch.linalg.eigvalsh(soft[:, :, None] * matrix * soft[:, None])[:, -1]
    return 1000 / (2 * math.pi * slowest.sqrt())


def _gauss_joints(length: Tensor, base: Tensor, tip: Tensor, modulus: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Positions and flexibilities of the joints (whisker, joint): two per element, one in the first if odd."""
    per_element = [1] * (count % 2) + [2] * (count // 2)
    arcs = torch.linspace(0, 1, N_ARCS, dtype=torch.float64, device=length.device)
    density = 1 / (1 + (tip / base - 1)[:, None] * arcs + TIP) + BASE / (arcs + NEAR)
    share = torch.nn.functional.pad(((density[:, 1:] + density[:, :-1]) / 2).cumsum(1), (1, 0))
    share = share / share[:, -1:]
    filled = torch.tensor(np.cumsum([0, *per_element]) / count, device=length.device).expand(len(length), -1)
    right = torch.searchsorted(share.detach(), filled.contiguous()).clamp(1, N_ARCS - 1)
    before, after = share.gather(1, right - 1), share.gather(1, right)
    edges = length[:, None] * (arcs[right - 1] + (filled - before) / (after - before) / (N_ARCS - 1))
    x, w = _panels(edges)
    radius = base[:, None, None] + ((tip - base) / length)[:, None, None] * x
    w = w * 4 / (math.pi * modulus[:, None, None] * radius**4)
    total = w.sum(-1)
    middle = (w * x).sum(-1) / total
    off = x - middle[..., None]
    variance = (w * off**2).sum(-1) / total
    skew = (w * off**3).sum(-1) / total / variance
    # Zeros of the second orthogonal polynomial t^2 - skew t - variance about the centroid.
    spread = (skew**2 / 4 + variance).sqrt()
    roots = torch.stack([skew / 2 - spread, skew / 2 + spread], -1)
    first = roots[..., 1] / (roots[..., 1] - roots[..., 0])
    points = middle[..., None] + roots
    weights = torch.stack([total * first, total * (1 - first)], -1)
    if count % 2 == 0:
        return points.flatten(1), weights.flatten(1)
    return (
        torch.cat([middle[:, :1], points[:, 1:].flatten(1)], 1),
        torch.cat([total[:, :1], weights[:, 1:].flatten(1)], 1),
    )


def _cone_links(
    length: Tensor, base: Tensor, tip: Tensor, rho_base: Tensor, rho_tip: Tensor, nodes: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Mass, centroid (fraction of the link) and transverse moment of inertia of every piece of the cone."""
    x, w = _panels(nodes)
    along = x / length[:, None, None]
    radius = base[:, None, None] + (tip - base)[:, None, None] * along
    density = rho_base[:, None, None] + (rho_tip - rho_base)[:, None, None] * along
    w = w * density * math.pi * radius**2
    mass = w.sum(-1)
    centre = (w * x).sum(-1) / mass
    inertias = (w * ((x - centre[..., None]) ** 2 + radius**2 / 4)).sum(-1)
    return mass, (centre - nodes[:, :-1]) / (nodes[:, 1:] - nodes[:, :-1]), inertias


def _panels(edges: Tensor) -> tuple[Tensor, Tensor]:
    """Gauss-Legendre points and weights (whisker, piece, point) on panels that shrink towards the end of each piece."""
    x, w = (torch.from_numpy(values).to(edges) for values in np.polynomial.legendre.leggauss(N_GAUSS))
    shrink = torch.tensor([*(0.5 ** np.arange(N_PANELS)), 0.0], dtype=edges.dtype, device=edges.device)
    first, last = edges[:, :-1, None], edges[:, 1:, None]
    cuts = last - (last - first) * shrink
    half = (cuts[..., 1:] - cuts[..., :-1])[..., None] / 2
    return (cuts[..., :-1, None] + half * (x + 1)).flatten(2), (half * w).flatten(2)


def _link_angles(curvature: Tensor, nodes: Tensor) -> tuple[Tensor, Tensor]:
    """Lengths of the chords of the parabola y = -A x^2 between the nodes, and the turns before them."""
    a = curvature[:, None]
    found = parabola_abscissa(a.detach().cpu().numpy(), nodes.detach().cpu().numpy())
    x = torch.from_numpy(found).to(nodes)
    # One step of Newton's method from the root leaves its value and gives it the derivative of the inverse function.
    slope = 2 * a * x
    small = slope.abs() < 1e-8
    ratio = torch.where(small, 1.0, torch.asinh(slope) / torch.where(small, 1.0, slope))
    stretch = (1 + slope**2).sqrt()
    x = x - (x / 2 * (stretch + ratio) - nodes) / stretch.detach()
    y = -a * x**2
    dx, dy = x[:, 1:] - x[:, :-1], y[:, 1:] - y[:, :-1]
    direction = torch.atan2(dy, dx)
    turns = torch.cat([direction[:, :1], direction[:, 1:] - direction[:, :-1]], 1)
    return torch.hypot(dx, dy), turns
