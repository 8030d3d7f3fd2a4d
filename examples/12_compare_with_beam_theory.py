"""Does a simulated whisker bend and ring as beam theory says? Compliance, natural frequencies, large bends, a ring-down.

A cylinder and a truncated cone of typical size. Theory: closed forms for compliance and for the cylinder, whose large
bends are elliptic integrals; for the cone the same equations solved numerically as a continuous beam. The ring-down runs
through time: plucked, let go, its lowest mode read from the path of the tip.
"""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from scipy.integrate import solve_bvp
from scipy.linalg import eigh
from scipy.optimize import brentq
from scipy.special import ellipeinc, ellipkinc

from simulators.whisker import Mechanics, Whisker, static_shape
from simulators.whisker.analysis import ring_down
from simulators.whisker.beams.modes import natural_frequencies_hz, tip_compliance_mm_per_un
from simulators.whisker.pluck import pluck_whisker

LENGTH_MM, RADIUS_MM, MODULUS_PA, DENSITY = 30.0, 0.05, 3.3e9, 1300.0
TAPERS = {"cylinder": 1.0, "cone": 0.1}  # radius at the tip over that at the base
LOADS = {"cylinder": (0.5, 1, 2, 5), "cone": (0.02, 0.05, 0.1, 0.2)}  # force x length^2 / stiffness at the base

mechanics = Mechanics()
stiffness = MODULUS_PA * np.pi * RADIUS_MM**4 / 4  # at the base, uN mm^2


def straight(taper):
    """A whisker without curvature that points to the right."""
    return Whisker(
        "RC1", LENGTH_MM, 0.0, (0, 0, 0), 90.0, 0.0, 0.0, RADIUS_MM, taper * RADIUS_MM, DENSITY, DENSITY, MODULUS_PA
    )


def bent_tip(whisker, force_un):
    """Deflection and shortening (mm) under a constant force on the tip."""
    tip = static_shape(whisker, mechanics, (0, 0, force_un / 1000)).nodes_mm[-1]
    return tip[2], LENGTH_MM - tip[0]


def frequencies(taper, n_terms=14):
    """Modes of the continuous cone (Hz) by Rayleigh and Ritz: shapes are polynomials that are clamped at the base."""
    x, weight = np.polynomial.legendre.leggauss(60)
    x, weight = (x + 1) / 2, weight / 2
    radius = 1 - (1 - taper) * x
    series = [np.polynomial.Legendre.basis(k, domain=(0, 1)) for k in range(n_terms)]
    value, slope, bend = (np.array([one.deriv(order)(x) for one in series]) for order in range(3))
    moved, curved = x**2 * value, 2 * value + 4 * x * slope + x**2 * bend
    squares = eigh((curved * radius**4 * weight) @ curved.T, (moved * radius**2 * weight) @ moved.T, eigvals_only=True)
    length, radius_m = LENGTH_MM * 1e-3, RADIUS_MM * 1e-3
    return np.sqrt(squares[:3]) / (2 * np.pi) * radius_m / (2 * length**2) * np.sqrt(MODULUS_PA / DENSITY)


def elastica(load):
    """Deflection and shortening over length of a cylinder under a constant transverse force, by elliptic integrals."""

    def integrals(angle):
        m = (1 + np.sin(angle)) / 2
        start = np.arcsin(1 / np.sqrt(2 * m))
        return [full(np.pi / 2, m) - full(start, m) for full in (ellipkinc, ellipeinc)]

    angle = brentq(lambda angle: integrals(angle)[0] - np.sqrt(load), 1e-6, np.pi / 2 - 1e-6)
    return 1 - 2 * integrals(angle)[1] / np.sqrt(load), 1 - np.sqrt(2 * np.sin(angle) / load)


def bent_cone(load, taper):
    """The same for any taper: angle t and moment m with t' = m / r^4, m' = - load cos(t)."""

    def slopes(s, y):
        return np.stack([y[1] / (1 - (1 - taper) * s) ** 4, -load * np.cos(y[0]), np.sin(y[0]), np.cos(y[0])])

    def ends(base, tip):
        return np.array([base[0], tip[1], base[2], base[3]])

    grid = 1 - np.linspace(1, 0, 200) ** 2
    solved = solve_bvp(slopes, ends, grid, np.zeros((4, 200)), tol=1e-6, max_nodes=20000)
    return solved.y[2, -1], 1 - solved.y[3, -1]


figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
print(f"{'':10s}{'':34s}{'simulated':>10s} {'theory':>10s} {'error':>8s}")
for (name, taper), colour in zip(TAPERS.items(), ("#0072B2", "#D55E00"), strict=True):
    whisker = straight(taper)
    chain = mechanics.chain(whisker)
    compliance = LENGTH_MM**3 / (3 * stiffness) / taper
    theory_hz = frequencies(taper)
    rows = [("tip compliance [mm/uN]", tip_compliance_mm_per_un(chain), compliance)]
    rows += [
        (f"natural frequency {n} [Hz]", found, expected)
        for n, (found, expected) in enumerate(zip(natural_frequencies_hz(chain, 3), theory_hz, strict=True), start=1)
    ]
    plucked = pluck_whisker(whisker, mechanics)
    rang = ring_down(plucked["tip"][:, 0], plucked.attrs["rate_hz"])
    rows.append(("rings, plucked, at [Hz]", rang.natural_frequency_hz[0], theory_hz[0]))
    rows.append(("with damping ratio", rang.damping_ratio[0], mechanics.damping_ratio))
    for load in LOADS[name]:
        deflection, shortening = bent_tip(whisker, load * stiffness / LENGTH_MM**2)
        expected = elastica(load) if taper == 1 else bent_cone(load, taper)
        rows.append((f"deflection / length at load {load:g}", deflection / LENGTH_MM, expected[0]))
        left.plot(load, deflection / LENGTH_MM, "o", color=colour)
        left.plot(load, shortening / LENGTH_MM, "s", color=colour, markerfacecolor="white")
    loads = np.geomspace(LOADS[name][0] / 1.5, LOADS[name][-1] * 1.5, 25)
    theory = np.array([elastica(load) if taper == 1 else bent_cone(load, taper) for load in loads])
    left.plot(loads, theory[:, 0], color=colour, label=f"{name}, theory: deflection")
    left.plot(loads, theory[:, 1], "--", color=colour, label=f"{name}, theory: shortening")
    for what, found, expected in rows:
        print(f"{name:10s}{what:34s}{found:10.4f} {expected:10.4f} {100 * (found / expected - 1):7.2f} %")
    errors = [100 * (found / expected - 1) for _, found, expected in rows]
    right.plot(errors, np.arange(len(errors)), "o", color=colour, label=name)
labels = ["compliance", "$f_1$", "$f_2$", "$f_3$", "rings at", "damping", *(f"bend {n}" for n in range(1, 5))]
right.set_yticks(range(len(labels)), labels)
right.invert_yaxis()
right.axvline(0, color="black", linewidth=0.6)
right.set_xlabel("simulated less theory [%]")
right.legend()
left.plot([], [], "ko", label="simulated deflection")
left.plot([], [], "ks", markerfacecolor="white", label="simulated shortening")
left.set_xscale("log")
left.set_xlabel("force on the tip x length² / bending stiffness at the base")
left.set_ylabel("movement of the tip / length")
left.legend(fontsize=8)
figure.savefig("12_compare_with_beam_theory.png", dpi=150)
