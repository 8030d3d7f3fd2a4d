"""How an object travels: velocities from frame to frame, on circles, to and fro, at random, or straight."""

import numpy as np

# Published speeds, in pixels per frame of pictures of 832 pixels; they are scaled to the largest that is asked for.
LARGEST_SPEED = 27.5
CIRCLE_SPEEDS = (10.0, LARGEST_SPEED)
WALK_START, WALK_STEP = 5.0, 0.25
LARGEST_TURN = 2 * np.pi / 30
SIDEWAYS = 40.0


def circle(n_steps: int, max_speed: float, rng: np.random.Generator) -> np.ndarray:
    """Velocities on a circle: of one speed, turning by the same angle at each step.

    Parameters
    ----------
    n_steps
        Frames to the next of which there is a velocity.
    max_speed
        Pixels per frame.
    rng
        Of the speed, start, sense and rate of turning.

    Returns
    -------
    numpy.ndarray
        ``(step, 2)``, right and down, pixels per frame.

    References
    ----------
    Sun et al. 2025, Nature Machine Intelligence, doi 10.1038/s42256-025-01068-w: code of the simple motion set. Its
    pictures move half as far per frame as its parameters say; here speeds are those of the pictures, 10 to 27.5 pixels.
    """
    speed = max_speed * rng.uniform(*CIRCLE_SPEEDS) / LARGEST_SPEED
    turn = rng.uniform(0, LARGEST_TURN) * rng.choice((-1, 1))
    angles = rng.uniform(0, 2 * np.pi) + turn * np.arange(n_steps)
    return speed * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def oscillation(n_steps: int, max_speed: float, rng: np.random.Generator) -> np.ndarray:
    """Velocities to and fro on a nearly vertical line: a `circle` with its horizontal part divided by 40."""
    return circle(n_steps, max_speed, rng) / (SIDEWAYS, 1)


def random_walk(n_steps: int, max_speed: float, rng: np.random.Generator) -> np.ndarray:
    """Velocities that take a random step at each frame; none is faster than ``max_speed``. See `circle`."""
    unit = max_speed / LARGEST_SPEED
    angle = rng.uniform(0, 2 * np.pi)
    start = abs(rng.normal(0, WALK_START)) * np.array([np.cos(angle), np.sin(angle)])
    steps = rng.normal(0, WALK_STEP, (n_steps, 2))
    steps[0] = start
    return slowed(unit * steps.cumsum(axis=0), max_speed)


def straight(n_steps: int, max_speed: float, rng: np.random.Generator) -> np.ndarray:
    """One velocity of uniform speed and direction."""
    angle, speed = rng.uniform(0, 2 * np.pi), rng.uniform(0, max_speed)
    return np.tile([speed * np.cos(angle), speed * np.sin(angle)], (n_steps, 1))


def published_travel(n_steps: int, max_speed: float, rng: np.random.Generator) -> np.ndarray:
    """Velocities as published: half of the objects on a `circle`, a quarter to and fro, a quarter at random."""
    travel = (circle, circle, oscillation, random_walk)[rng.integers(4)]
    return travel(n_steps, max_speed, rng)


def any_travel(n_steps: int, max_speed: float, rng: np.random.Generator) -> np.ndarray:
    """Velocities of one of the four ways to travel, each as likely."""
    travel = (circle, oscillation, random_walk, straight)[rng.integers(4)]
    return travel(n_steps, max_speed, rng)


def slowed(velocities: np.ndarray, max_speed: float) -> np.ndarray:
    """Velocities of the same directions, none faster than ``max_speed``."""
    speeds = np.hypot(velocities[:, 0], velocities[:, 1])[:, None]
    return velocities * np.minimum(1, max_speed / np.maximum(speeds, 1e-12))


def places(velocities: np.ndarray, at: np.ndarray, frame: int) -> np.ndarray:
    """Places on the way, ``(step + 1, 2)``, so that at ``frame`` the object is at ``at``."""
    way = np.concatenate([np.zeros((1, 2)), velocities.cumsum(axis=0)])
    return way - way[frame] + at
