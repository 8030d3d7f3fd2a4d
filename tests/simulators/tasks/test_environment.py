"""Trials one digit at a time."""

import sys
import warnings

import numpy as np
import pytest
import torch

from simulators.tasks import MemoryEnvironment, chance_level, gymnasium_environment, labels


def play(environment, answer, seed=None):
    """One trial: the digits that were seen, the reward and what was said at the end."""
    digit, facts = environment.reset(seed=seed)
    digits, over, total = [float(digit[0])], False, 0.0
    while not over:
        digit, reward, over, cut, said = environment.step(answer(digits))
        total += reward
        assert digit.shape == (1,) and digit.dtype == np.float32 and not cut
        if not over:
            assert reward == 0 and said == {}
            digits.append(float(digit[0]))
    assert len(digits) == facts["steps"]
    return digits, total, said["label"]


@pytest.mark.parametrize("rule", ["parity", "match"])
def test_who_knows_the_answers_is_always_right(rule):
    environment = MemoryEnvironment([2, 5], rule=rule)

    def know(digits):
        if len(digits) < 5:
            return [0, 0]
        return labels(torch.tensor([digits]), [2, 5], rule)[0].tolist()

    lengths = set()
    for seed in range(30):
        digits, reward, said = play(environment, know, seed)
        assert reward == 1 and said.tolist() == know(digits)
        lengths.add(len(digits))
    assert min(lengths) >= 7 and max(lengths) <= 21 and len(lengths) > 5


def test_a_constant_answer_gets_the_level_of_chance():
    environment = MemoryEnvironment([2], length=3)
    environment.reset(seed=0)
    rewards = [play(environment, lambda digits: [0])[1] for _ in range(1500)]
    assert np.mean(rewards) == pytest.approx(chance_level("parity", 2), abs=0.04)


def test_a_seed_repeats_and_none_goes_on():
    environment = MemoryEnvironment([3], length=40)
    first = play(environment, lambda digits: [0], seed=1)[0]
    second = play(environment, lambda digits: [0])[0]
    assert first != second
    assert play(environment, lambda digits: [0], seed=1)[0] == first
    assert play(environment, lambda digits: [0])[0] == second


def test_misuse_is_refused():
    environment = MemoryEnvironment([2, 3])
    with pytest.raises(RuntimeError, match="no trial runs; call reset first"):
        environment.step([0, 0])
    environment.reset(seed=0)
    with pytest.raises(ValueError, match=r"an action is 2 answers, one for each N, received shape \(1,\)"):
        environment.step([0])
    with pytest.raises(ValueError, match="length is 2, but N = 3 is asked about; give at least 3"):
        MemoryEnvironment([2, 3], length=2)
    with pytest.raises(ValueError, match="must rise"):
        MemoryEnvironment([3, 2])
    with pytest.raises(ValueError, match="rule must be"):
        MemoryEnvironment([2], rule="xor")


def test_without_gymnasium_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(ModuleNotFoundError, match="pip install gymnasium, or use MemoryEnvironment"):
        gymnasium_environment([2])


def test_gymnasium_accepts_it():
    checker = pytest.importorskip("gymnasium.utils.env_checker")
    environment = gymnasium_environment([2, 4])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice such as to register the environment
        checker.check_env(environment, skip_render_check=True)
    digits, reward, said = play(environment, lambda digits: environment.action_space.sample(), seed=2)
    assert 0 <= reward <= 1 and len(said) == 2 and len(digits) >= 6
