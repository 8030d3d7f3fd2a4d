"""How whiskers bend, are damped and touch: the presets and every number behind them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ..geometry.shape import WHISKIT_TABLE_LINKS
from ..geometry.whisker import Whisker
from ..numbers_given import refuse_modulus, refuse_negative, refuse_no_number, refuse_not_positive, whole_number
from .chain import Chain, beam_chain, whiskit_chain

MOST_LINKS = 200
DEFAULT_LINKS = 17
WHISKIT_RAT_LINKS = 20
"""Of every whisker in the published rat program; that of the mouse has one per mm."""


@dataclass(frozen=True)
class Mechanics:
    """Mechanical model of every whisker of a scene.

    Parameters
    ----------
    preset
        ``beam``: an elastic cone by beam theory, damping proportional to stiffness. ``whiskit``: springs and dampers that
        the published simulator in effect computes. ``custom``: ``build_chain`` says.
    n_links
        Rigid links per whisker; ``None`` takes ``links_per_mm``, or 17 (beam) where that is not given either. 17 meet the
        beam's end loads and first three modes within 0.2 %, and a load anywhere beyond a twentieth of the length within
        6.2 % (beyond 0.15 of the average whisker 1.5 %, of the worst 4.9 %); nearer the base only more links follow it.
    links_per_mm
        Links per mm of arc length, rounded down, at least 3; ``whiskit`` takes 1 unless told, as the published program
        does for the mouse, and for the longer whiskers of the rat needs ``n_links=20``, as that for the rat has.
    youngs_modulus_pa
        Instead of that of each whisker, 1e6 to 1e13 Pa; ``whiskit`` takes 5 GPa unless told.
    damping_ratio
        Of the first mode (``beam``). Isolated rat whiskers: 0.11 to 0.17.
    friction
        Coulomb coefficient where a solid gives none; ``None`` takes 0.4 (beam) or 0 (whiskit).
    contact_stiffness_mn_per_mm
        Normal force per depth of penetration. At 30, a force of 0.3 mN presses 10 um deep.
    contact_relaxation_ms
        Damping of a contact as a time: damper = stiffness * time.
    slip_speed_mm_s
        Below this speed friction is viscous (regularised Coulomb law).
    max_step_ms
        Longest time step.
    steps_per_period
        The step of a whisker is at most the period of its first mode over this.
    rho
        Spectral radius at infinite frequency of the time integration (generalised alpha): below 1, fast modes that the
        step cannot resolve die out; 1 conserves small motions, and lets large undamped ones drift.
    build_chain
        For ``custom``: whisker -> `Chain`.

    Raises
    ------
    ValueError
        If a value is no number, out of range or in another unit than its name says, or ``build_chain`` and the preset do
        not fit.

    References
    ----------
    Hartmann et al. (2003), J. Neurosci. 23, 6510: damping ratio. Quist et al. (2011), J. Biomech.: modulus. Huet &
    Hartmann (2016): friction. Chung & Hulbert (1993), J. Appl. Mech. 60, 371: time integration.
    """

    preset: Literal["beam", "whiskit", "custom"] = "beam"
    n_links: int | None = None
    links_per_mm: float | None = None
    youngs_modulus_pa: float | None = None
    damping_ratio: float = 0.14
    friction: float | None = None
    contact_stiffness_mn_per_mm: float = 30.0
    contact_relaxation_ms: float = 0.1
    slip_speed_mm_s: float = 1.0
    max_step_ms: float = 0.125
    steps_per_period: float = 25.0
    rho: float = 0.8
    build_chain: Callable[[Whisker], Chain] | None = None

    def __post_init__(self) -> None:
        if self.preset not in ("beam", "whiskit", "custom"):
            raise ValueError(f"preset {self.preset!r} is not known; take 'beam', 'whiskit' or 'custom'.")
        if (self.preset == "custom") != (self.build_chain is not None):
            raise ValueError("build_chain belongs to the preset 'custom', and the preset 'custom' needs build_chain.")
        if self.n_links is not None:
            object.__setattr__(self, "n_links", whole_number("n_links", self.n_links))
            if self.n_links < 3:
                raise ValueError(f"n_links is {self.n_links}; a whisker needs at least 3 rigid links.")
            if self.links_per_mm is not None:
                raise ValueError(
                    f"n_links is {self.n_links} and links_per_mm {self.links_per_mm}; they are two ways to say one thing: "
                    "give one of them."
                )
        for field in ("contact_stiffness_mn_per_mm", "slip_speed_mm_s", "max_step_ms", "steps_per_period"):
            refuse_not_positive(field, getattr(self, field))
        if self.links_per_mm is not None:
            refuse_not_positive("links_per_mm", self.links_per_mm)
        for field in ("damping_ratio", "contact_relaxation_ms"):
            refuse_negative(field, getattr(self, field))
        if self.friction is not None:
            refuse_negative("friction", self.friction)
        if self.youngs_modulus_pa is not None:
            refuse_modulus("youngs_modulus_pa", self.youngs_modulus_pa)
        refuse_no_number("rho", self.rho)
        if not 0 <= self.rho <= 1:
            raise ValueError(f"rho is {self.rho}; a spectral radius lies between 0 and 1.")
        if self.build_chain is not None and not callable(self.build_chain):
            raise ValueError(f"build_chain is {self.build_chain!r}; it must be a function from a Whisker to a Chain.")
        if self.max_step_ms > 1:
            raise ValueError(
                f"max_step_ms is {self.max_step_ms}; above 1 ms neither contacts nor the second mode of a whisker are followed."
            )

    @property
    def coefficient_of_friction(self) -> float:
        """Friction where a solid gives none."""
        if self.friction is not None:
            return self.friction
        return 0.0 if self.preset == "whiskit" else 0.4

    def chain(self, whisker: Whisker) -> Chain:
        """The whisker as rigid links under this model."""
        if self.build_chain is not None:
            return self.build_chain(whisker)
        per_mm = 1.0 if self.preset == "whiskit" and self.links_per_mm is None else self.links_per_mm
        links = self.n_links or (DEFAULT_LINKS if per_mm is None else max(3, int(whisker.length_mm * per_mm)))
        if links > MOST_LINKS:
            raise ValueError(f"whisker {whisker.name} would have {links} links; at most {MOST_LINKS} are accepted.")
        if self.preset == "whiskit":
            if links > WHISKIT_TABLE_LINKS + 1:
                raise ValueError(
                    f"whisker {whisker.name} of {whisker.length_mm:.4g} mm would have {links} links in the preset 'whiskit', "
                    f"which knows the angles of at most {WHISKIT_TABLE_LINKS + 1}; leave the whisker out, or give "
                    f"n_links={WHISKIT_RAT_LINKS}, as the published rat program has."
                )
            return whiskit_chain(whisker, links, self.youngs_modulus_pa or 5e9)
        return beam_chain(whisker, links, self.damping_ratio, self.youngs_modulus_pa)
