"""Memory tasks one digit at a time: reset and step as Gymnasium has them, also where it is not installed."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .memory import PUBLISHED_ODDS, Odds, Rule, check_ns, check_rule, draw_digits, draw_length, labels

Step = tuple[np.ndarray, float, bool, bool, dict[str, Any]]


class MemoryEnvironment:
    """One trial per episode: a digit is seen at each step, and the answers that are given to the last one are judged.

    An observation is the digit, ``(1,)`` float32. An action is an answer 0 or 1 for each of ``ns``; it is read at the last step
    alone. The reward is the share of right answers there, 0 before.

    Parameters
    ----------
    ns
        Numbers of digits that are asked about, at least 2 and rising.
    rule, odds
        See `memory_trials`.
    length
        Digits of each trial; drawn anew for each by default, as published.

    Raises
    ------
    ValueError
        If an argument cannot be meant.
    """

    def __init__(
        self, ns: Sequence[int], *, rule: Rule = "parity", odds: Odds | None = None, length: int | None = None
    ) -> None:
        check_ns(ns)
        self.ns, self.rule, self.length = tuple(ns), rule, length
        self.odds: Odds = odds or PUBLISHED_ODDS.get(rule, "even")
        check_rule(rule, self.odds)
        if length is not None and length < self.ns[-1]:
            raise ValueError(f"length is {length}, but N = {self.ns[-1]} is asked about; give at least {self.ns[-1]}.")
        self._random = np.random.default_rng()
        self._digits = np.zeros(0, dtype=np.float32)
        self._labels = np.zeros(0, dtype=np.int64)
        self._step = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        """Start a trial.

        Parameters
        ----------
        seed
            Of this trial and those after it; None goes on with the earlier one.
        options
            Not read.

        Returns
        -------
        tuple
            The first digit, and the number of ``steps`` of the trial.
        """
        import torch

        if seed is not None:
            self._random = np.random.default_rng(seed)
        generator = torch.Generator().manual_seed(int(self._random.integers(2**62)))
        length = self.length or draw_length(self.ns[-1], generator)
        digits = draw_digits(1, length, generator, odds=self.odds, ns=self.ns, rule=self.rule)
        self._digits, self._labels = digits[0].numpy(), labels(digits, self.ns, self.rule)[0].numpy()
        self._step = 0
        return self._digits[:1].copy(), {"steps": length}

    def step(self, action: np.ndarray | Sequence[int]) -> Step:
        """Answer, and see the next digit.

        Parameters
        ----------
        action
            ``(N,)`` answers, 0 or 1.

        Returns
        -------
        tuple
            Observation, reward, whether the trial is over, False, and at its end the right answers as ``label``.

        Raises
        ------
        RuntimeError
            If no trial runs.
        ValueError
            If there is not one answer for each N.
        """
        if self._step >= len(self._digits):
            raise RuntimeError("no trial runs; call reset first.")
        answers = np.asarray(action)
        if answers.shape != (len(self.ns),):
            raise ValueError(f"an action is {len(self.ns)} answers, one for each N, received shape {answers.shape}.")
        seen = self._step
        self._step += 1
        over = self._step == len(self._digits)
        reward = float((answers == self._labels).mean()) if over else 0.0
        shown = seen if over else self._step
        return self._digits[shown : shown + 1].copy(), reward, over, False, {"label": self._labels} if over else {}


def gymnasium_environment(
    ns: Sequence[int], *, rule: Rule = "parity", odds: Odds | None = None, length: int | None = None
) -> Any:
    """The same as an environment of the library Gymnasium, with its spaces.

    Parameters
    ----------
    ns, rule, odds, length
        See `MemoryEnvironment`.

    Returns
    -------
    gymnasium.Env
        Observations ``Box(0, 1, (1,))``, actions ``MultiDiscrete`` with two answers for each N.

    Raises
    ------
    ModuleNotFoundError
        If Gymnasium is not installed.
    """
    try:
        import gymnasium
    except ImportError:
        raise ModuleNotFoundError(
            "this needs the package gymnasium; pip install gymnasium, or use MemoryEnvironment, which does without."
        ) from None

    class GymnasiumMemory(MemoryEnvironment, gymnasium.Env):  # type: ignore[misc, unused-ignore]
        metadata: dict[str, Any] = {"render_modes": []}
        observation_space = gymnasium.spaces.Box(0.0, 1.0, (1,), np.float32)
        action_space = gymnasium.spaces.MultiDiscrete([2] * len(ns))

        def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
            gymnasium.Env.reset(self, seed=seed)
            return MemoryEnvironment.reset(self, seed=seed, options=options)

    return GymnasiumMemory(ns, rule=rule, odds=odds, length=length)
