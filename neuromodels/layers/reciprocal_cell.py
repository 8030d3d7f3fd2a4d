"""The reciprocal gated cell: a cell and an output that gate each other, with a bypass and long-range feedback."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from .cell import ChannelNorm, RecurrentCell, State, Step, activation_named
from .channel_map import ChannelMap, SeparableMap

FAMILIES = ("feedback", "gate", "tau")


@dataclass(frozen=True)
class ReciprocalOptions:
    """Which paths a reciprocal gated cell has, and their kernels and non-linearities.

    Attributes
    ----------
    kernel_size
        Of every map but the bypass to the output, which is pointwise; None for fully connected.
    feedback_entry
        Where feedback is added: to the ``"input"``, into the ``"cell"`` or into the ``"out"``.
    separable
        Families of maps that are depthwise, then pointwise: any of ``"feedback"``, ``"gate"``, ``"tau"``.
    activation, input_activation, gate_activation
        Of the cell and the output; of the input; of the two gates. The two taus are logistic.
    input_to_cell, input_to_out, cell_to_out
        Whether the input is mapped into the cell; mapped (not only added) into the output; whether the cell is added to
        the output in place of gating it.
    residual_to_cell, residual_to_out, residual_to_out_gate
        Whether the bypass is mapped into the cell, the output, the gate of the output.
    layer_norm
        Whether cell and output are normalised before their non-linearity.
    """

    kernel_size: int | tuple[int, int] | None = 3
    feedback_entry: Literal["input", "cell", "out"] = "out"
    separable: tuple[str, ...] = ()
    activation: str = "elu"
    input_activation: str = "identity"
    gate_activation: str = "sigmoid"
    input_to_cell: bool = True
    input_to_out: bool = False
    cell_to_out: bool = False
    residual_to_cell: bool = False
    residual_to_out: bool = False
    residual_to_out_gate: bool = True
    layer_norm: bool = False

    def __post_init__(self) -> None:
        if self.separable and self.kernel_size is None:
            raise ValueError(
                f"separable is {self.separable!r} with kernel_size None, but a fully connected map has no depthwise part; "
                "give a kernel size or leave separable out."
            )
        if self.feedback_entry not in ("input", "cell", "out"):
            raise ValueError(f"feedback_entry is {self.feedback_entry!r}; it must be 'input', 'cell' or 'out'.")
        for family in self.separable:
            if family not in FAMILIES:
                raise ValueError(f"separable names {family!r}; the families of maps are {', '.join(FAMILIES)}.")
        for name in (self.activation, self.input_activation, self.gate_activation):
            activation_named(name)
        if self.cell_to_out and not self.residual_to_out_gate:
            raise ValueError(
                "with cell_to_out=True and residual_to_out_gate=False nothing reaches the gate of the output; change one."
            )


class ReciprocalGatedCell(RecurrentCell):
    """Cell c and output o, each a leaky trace whose leak and gate the two of them set; the state is [c;o].

    With input x, bypass r, feedback f, E the non-linearity, K learned maps, and terms in brackets only where asked for::

        x <- E_in(x [+ K f])
        c_in = [K r] + [K x] + [K f]                o_in = (x or K x) [+ K c] [+ K r] [+ K f]
        tau_c = sigma(K c), gate_c = g(K o)         tau_o = sigma(K o), gate_o = g([K c] + [K r])
        c' = E(LN((1 - tau_c) c + (1 - gate_c) c_in))
        o' = E(LN((1 - tau_o) o + (1 - gate_o) o_in)),  y = o'

    Parameters
    ----------
    in_channels, out_channels
        Of the input; of the output. They must be equal unless ``options.input_to_out``.
    cell_channels
        Of c; those of the output if None.
    residual_channels
        Of the bypass r; 0 for none.
    feedback_channels
        Of the feedback f; 0 for none.
    options
        Paths and non-linearities.

    Raises
    ------
    ValueError
        If a path that is asked for has no channels, or input and output differ without a map between.

    References
    ----------
    Nayebi et al. 2018, arXiv 1807.00053, the reciprocal gated circuit.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        cell_channels: int | None = None,
        residual_channels: int = 0,
        feedback_channels: int = 0,
        options: ReciprocalOptions | None = None,
    ) -> None:
        cells = out_channels if cell_channels is None else cell_channels
        super().__init__(in_channels, out_channels, cells + out_channels)
        self.options = paths = options or ReciprocalOptions()
        self.cell_channels, self.residual_channels, self.feedback_channels = cells, residual_channels, feedback_channels
        bypassed = paths.residual_to_cell or paths.residual_to_out or paths.residual_to_out_gate
        if bypassed and residual_channels < 1:
            raise ValueError(
                f"residual_channels is {residual_channels}, but the options have a path from the bypass; give its "
                "channels or set residual_to_cell, residual_to_out and residual_to_out_gate to False."
            )
        if in_channels != out_channels and not paths.input_to_out:
            raise ValueError(
                f"in_channels {in_channels} and out_channels {out_channels} differ, so the input cannot be added to the "
                "output; set input_to_out=True to map it."
            )
        entries = {"input": in_channels, "cell": cells, "out": out_channels}
        sizes = {
            "tau_cell": ("tau", cells, cells, True),
            "gate_cell": ("gate", out_channels, cells, True),
            "tau_out": ("tau", out_channels, out_channels, True),
            "cell_out": ("gate", cells, out_channels, True),
            "residual_gate_out": ("", residual_channels, out_channels, paths.residual_to_out_gate),
            "input_cell": ("", in_channels, cells, paths.input_to_cell),
            "input_out": ("", in_channels, out_channels, paths.input_to_out),
            "residual_cell": ("", residual_channels, cells, paths.residual_to_cell),
            "feedback": ("feedback", feedback_channels, entries[paths.feedback_entry], feedback_channels > 0),
        }
        self.maps = nn.ModuleDict()
        for name, (family, source, target, wanted) in sizes.items():
            if wanted:
                if family in paths.separable and paths.kernel_size is not None:
                    self.maps[name] = SeparableMap(source, target, paths.kernel_size)
                else:
                    self.maps[name] = ChannelMap(source, target, paths.kernel_size)
        if paths.residual_to_out:
            pointwise = None if paths.kernel_size is None else 1
            self.maps["residual_out"] = ChannelMap(residual_channels, out_channels, pointwise)
        self.cell_norm = ChannelNorm(cells) if paths.layer_norm else nn.Identity()
        self.out_norm = ChannelNorm(out_channels) if paths.layer_norm else nn.Identity()

    def bind(self, *, repeated: bool = False) -> Step:
        """The step as a function ``(x, state, residual=None, feedback=None) -> (y, state)``."""
        paths, maps = self.options, {name: module.bind(repeated=repeated) for name, module in self.maps.items()}  # type: ignore[operator]
        activation, into = activation_named(paths.activation), activation_named(paths.input_activation)
        gate = activation_named(paths.gate_activation)

        def step(
            x: Tensor, state: Tensor, residual: Tensor | None = None, feedback: Tensor | None = None
        ) -> tuple[Tensor, State]:
            cell, out = state.split([self.cell_channels, self.out_channels], 1)
            fed = {paths.feedback_entry: maps["feedback"](feedback)} if "feedback" in maps else {}
            from_cell = maps["cell_out"](cell)

            def total(*terms: Tensor | None) -> Tensor:
                return sum(term for term in terms if term is not None)  # type: ignore[return-value]

            def mapped(name: str, value: Tensor | None) -> Tensor | None:
                return maps[name](value) if name in maps else None

            x = into(total(x, fed.get("input")))
            to_cell = total(
                mapped("residual_cell", residual), mapped("input_cell", x), fed.get("cell"), torch.zeros_like(cell)
            )
            to_out = total(
                maps["input_out"](x) if paths.input_to_out else x,
                from_cell if paths.cell_to_out else None,
                mapped("residual_out", residual),
                fed.get("out"),
            )
            gate_out = gate(total(None if paths.cell_to_out else from_cell, mapped("residual_gate_out", residual)))
            kept_cell = (1 - torch.sigmoid(maps["tau_cell"](cell))) * cell
            kept_out = (1 - torch.sigmoid(maps["tau_out"](out))) * out
            gate_cell = gate(maps["gate_cell"](out))
            cell = activation(self.cell_norm(kept_cell + (1 - gate_cell) * to_cell))
            out = activation(self.out_norm(kept_out + (1 - gate_out) * to_out))
            return out, torch.cat([cell, out], 1)

        return step

    def forward(
        self, x: Tensor, state: State = None, residual: Tensor | None = None, feedback: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """One step.

        Parameters
        ----------
        x
            Input ``(batch, in channel, ...)``.
        state
            ``(batch, cell channel + out channel, ...)`` from the step before; None for zeros.
        residual, feedback
            Bypass and feedback ``(batch, channel, ...)``; needed where the cell was given channels of them.

        Returns
        -------
        tuple
            Output ``(batch, out channel, ...)`` and the next state.

        Raises
        ------
        ValueError
            If shapes do not fit or a bypass or feedback is missing or unexpected.
        """
        state = self._checked(x, state)
        self._check_beside(x, residual, feedback)
        return self.bind()(x, state, residual, feedback)

    def _check_beside(self, x: Tensor, *beside: Tensor | None) -> None:
        kinds = (("residual", self.residual_channels), ("feedback", self.feedback_channels))
        for (name, channels), given in zip(kinds, (*beside, None, None), strict=False):
            expected = (x.shape[0], channels, *x.shape[2:])
            if (given is None) != (channels == 0) or (given is not None and tuple(given.shape) != expected):
                received = None if given is None else tuple(given.shape)
                raise ValueError(
                    f"{name} must be {expected if channels else None} for inputs of shape {tuple(x.shape)}, received "
                    f"{received}; {name}_channels is {channels}."
                )
