"""Many leaky networks of one configuration as one module, whose steps are batched matrix products."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .leaky_config import LeakyConfig
from .leaky_rnn import LeakyRNN
from .leaky_step import LARGEST_START, PARAMETERS, effective_tau, run
from .memory_network import chosen_heads

IDENTITY = ("name", "registered_name", "options", "label", "seed", "answers")


class LeakyEnsemble(nn.Module):
    """Leaky networks side by side; each gives the numbers that it gives alone.

    Parameters
    ----------
    config
        Of all networks.
    seeds
        One for each network.

    Attributes
    ----------
    tau, input_weight, input_bias, recurrent_weight, recurrent_bias, readout_weight, readout_bias : torch.Tensor
        As those of `LeakyRNN`, with a leading axis of networks.
    """

    tau: Tensor
    readout_weight: Tensor
    readout_bias: Tensor

    def __init__(self, config: LeakyConfig | None = None, *, seeds: Sequence[int]) -> None:
        super().__init__()
        self._stack([LeakyRNN(config, seed=seed) for seed in seeds])

    @classmethod
    def from_networks(cls, networks: Sequence[LeakyRNN]) -> "LeakyEnsemble":
        """Networks of one configuration, trained or not, as an ensemble with copies of their parameters."""
        ensemble = cls.__new__(cls)
        nn.Module.__init__(ensemble)
        ensemble._stack(networks)
        return ensemble

    def __len__(self) -> int:
        return len(self.tau)

    def network(self, number: int) -> LeakyRNN:
        """Copy of one network, as it is now."""
        facts = self._facts[number]
        found = LeakyRNN(self.config, seed=facts["seed"])
        for name, value in facts.items():
            setattr(found, name, value)
        found.load_state_dict({name: getattr(self, name)[number].detach() for name in PARAMETERS})
        return found.to(self.tau).train(self.training)

    def time_constants(self) -> Tensor:
        """Time constants in effect, ``(network, unit)``, in input steps."""
        return effective_tau(self.config, self.tau)

    def draw_start(self, batch: int, generators: Sequence[torch.Generator]) -> Tensor:
        """States ``(network, batch, unit)`` before training sequences, from one generator for each network."""
        if len(generators) != len(self):
            raise ValueError(f"give one generator for each of {len(self)} networks, received {len(generators)}.")
        starts = [torch.rand(batch, self.config.units, generator=one, device=one.device) for one in generators]
        return (LARGEST_START * torch.stack(starts)).to(self.readout_weight)

    def forward(
        self,
        x: Tensor,
        heads: Sequence[int] | None = None,
        start: Tensor | None = None,
        begins: Sequence[int] | None = None,
    ) -> Tensor:
        """Logits after the last digit.

        Parameters
        ----------
        x
            Digits ``(network, batch, time, channel)``.
        heads
            Which heads to compute, in this order; all of them by default.
        start
            States ``(network, batch, unit)`` before the first digit; 0.05 without.
        begins
            How many digits each network leaves out: sequences of different lengths end together, and a network stays at its
            start until its own begins.

        Returns
        -------
        Tensor
            ``(network, batch, head, class)``.

        Raises
        ------
        ValueError
            If a head does not exist or a shape does not fit.
        """
        return self.readout(self._run(x, start, begins, whole=False), heads)

    def states(self, x: Tensor, *, start: Tensor | None = None, begins: Sequence[int] | None = None) -> Tensor:
        """States ``(network, batch, time + 1, unit)``, the start first; parameters are those of `forward`."""
        return self._run(x, start, begins, whole=True)[:: self.config.substeps].movedim(0, 2)

    def readout(self, states: Tensor, heads: Sequence[int] | None = None) -> Tensor:
        """Logits ``(network, batch, head, class)`` of states ``(network, batch, unit)``."""
        weight, bias = chosen_heads(self.readout_weight, self.readout_bias, heads)
        return torch.baddbmm(bias.flatten(1)[:, None], states, weight.flatten(1, 2).mT).unflatten(-1, bias.shape[1:])

    def _stack(self, networks: Sequence[LeakyRNN]) -> None:
        if not networks:
            raise ValueError("an ensemble needs at least one network, received none.")
        self.config = networks[0].config
        for network in networks:
            if network.config != self.config:
                raise ValueError(
                    f"the networks of an ensemble have one configuration, received {self.config} and {network.config}; "
                    "build one ensemble for each."
                )
        self._facts = [{name: getattr(network, name) for name in IDENTITY} for network in networks]
        for name in PARAMETERS:
            values = torch.stack([getattr(network, name).detach() for network in networks])
            if isinstance(getattr(networks[0], name), nn.Parameter):
                setattr(self, name, nn.Parameter(values))
            else:
                self.register_buffer(name, values)

    def _run(self, x: Tensor, start: Tensor | None, begins: Sequence[int] | None, *, whole: bool) -> Tensor:
        wanted = (len(self), self.config.inputs)
        if x.ndim != 4 or (len(x), x.shape[3]) != wanted or x.shape[2] < 1:
            raise ValueError(
                f"the ensemble takes digits ({wanted[0]}, batch, time, {wanted[1]}) with at least one step, received "
                f"{tuple(x.shape)}; bring them to this shape."
            )
        shape = (len(self), x.shape[1], self.config.units)
        if start is None:
            start = self.tau.new_full(shape, LARGEST_START / 2)
        if start.shape != shape:
            raise ValueError(f"start must be {shape}: network, batch, unit; received {tuple(start.shape)}.")
        digits, start = x.to(self.tau.dtype).movedim(2, 0), start.to(self.tau.dtype)
        parameters = {name: getattr(self, name) for name in PARAMETERS}
        if begins is None:
            return run(self.config, parameters, digits, start, whole=whole)
        begins = [int(begin) for begin in begins]
        if len(begins) != len(self) or not all(0 <= begin < len(digits) for begin in begins):
            raise ValueError(
                f"begins must hold one number from 0 to {len(digits) - 1} for each of {len(self)} networks, received {begins}."
            )
        # The networks that take part in a step are then the first ones, a view and no copy.
        order = sorted(range(len(self)), key=begins.__getitem__)
        if order == list(range(len(self))):
            return run(self.config, parameters, digits, start, whole=whole, begins=begins)
        index = torch.tensor(order, device=x.device)
        parameters = {name: value[index] for name, value in parameters.items() if not name.startswith("readout")}
        states = run(
            self.config, parameters, digits[:, index], start[index], whole=whole, begins=[begins[k] for k in order]
        )
        return states.index_select(int(whole), index.argsort())
