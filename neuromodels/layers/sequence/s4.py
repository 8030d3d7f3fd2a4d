"""S4: one linear state space per channel, with a state matrix that is diagonal plus rank one."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...seeding import generator
from .hippo import legs_diagonal_plus_low_rank
from .sequence_layer import SequenceLayer, State, check_sequence, checked_size, log_uniform, seeded_linear

# Up to so many steps unrolling the kernel step by step is faster than making it of blocks.
LONGEST_BLOCK = 128


class S4(SequenceLayer):
    """Linear state spaces, GELU, dropout, and a gated linear map that mixes the channels.

    Per channel, with dt its step size, N/2 pairs of conjugate states of which one each is kept, and (.)~ the bilinear
    discretisation, A~ = (1 - dt/2 A)^-1 (1 + dt/2 A), B~ = (1 - dt/2 A)^-1 dt B::

        A = diag(lambda) - p p*,  lambda = -exp(log_decay) + i frequency
        s_t = A~ s_(t-1) + B~ x_t,  v_t = 2 Re(C s_t) + D x_t
        y_t = GLU(W dropout(GELU(v_t)) + b)

    A whole sequence is a convolution of x with the kernel K_k = 2 Re(C A~^k B~), done by Fourier transforms. lambda, p and
    B start as those of the LegS matrix, C and D normal, dt log-uniform in ``dt_range``. With p p* positive and lambda's real
    part negative, A stays stable whatever the weights.

    The state is s, ``(batch, width, N/2, 2)``, real and imaginary parts on the last axis.

    Parameters
    ----------
    width
        Channels of input and output.
    state_size
        N, even.
    dropout
        Probability that an element is left out between non-linearity and linear map in training.
    dt_range
        Smallest and largest step size at the start.
    seed
        Of the weights.

    Raises
    ------
    ValueError
        If the state size is odd, the range of step sizes empty or dropout no probability.

    References
    ----------
    Gu, Goel & Re 2022, arXiv 2111.00396, equations 3 to 5 and section 3; Goel et al. 2022, arXiv 2202.09729, for
    the form -p p*.
    """

    no_weight_decay = ("log_dt", "log_decay", "frequency", "into", "low_rank")

    def __init__(
        self,
        width: int,
        *,
        state_size: int = 64,
        dropout: float = 0.0,
        dt_range: tuple[float, float] = (1e-3, 1e-1),
        seed: int = 0,
    ) -> None:
        super().__init__(width)
        self.pairs = checked_size("state_size", state_size) // 2
        random, dtype = generator(seed), torch.get_default_dtype()
        eigenvalues, low_rank, into = (torch.from_numpy(part) for part in legs_diagonal_plus_low_rank(state_size))
        self.log_dt = nn.Parameter(log_uniform((width,), *dt_range, random))
        self.log_decay = nn.Parameter((-eigenvalues.real).log().to(dtype).repeat(width, 1))
        self.frequency = nn.Parameter(eigenvalues.imag.to(dtype).repeat(width, 1))
        self.into = nn.Parameter(torch.view_as_real(into).to(dtype).repeat(width, 1, 1))
        self.low_rank = nn.Parameter(torch.view_as_real(low_rank).to(dtype).repeat(width, 1, 1))
        # A complex normal number of variance 1.
        self.read = nn.Parameter(torch.randn(width, self.pairs, 2, generator=random) * math.sqrt(0.5))
        self.skip = nn.Parameter(torch.randn(width, generator=random))
        self.dropout = nn.Dropout(dropout)
        self.out = seeded_linear(width, 2 * width, random)

    def state_shapes(self, batch: int) -> tuple[tuple[int, ...], ...]:
        """Shape of s.

        Parameters
        ----------
        batch
            Sequences side by side.
        """
        return ((batch, self.width, self.pairs, 2),)

    def kernel(self, length: int) -> Tensor:
        """K, the response of every channel to a unit impulse, without the skip D.

        Parameters
        ----------
        length
            Steps.

        Returns
        -------
        Tensor
            ``(width, length)``.
        """
        return _Discrete(self).kernel(checked_size("length", length))

    def outputs(self, x: Tensor) -> Tensor:
        """The outputs of a whole sequence; the last state, which costs more than they do, is not computed.

        Parameters
        ----------
        x
            ``(batch, time, width)`` with a step at least.
        """
        check_sequence(self, x, self.width)
        return self._mixed(_convolved(x.to(self.working_dtype), self.kernel(x.shape[1])), x)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """A whole sequence, by convolution, or the next part of one, step by step.

        Parameters
        ----------
        x
            ``(batch, time, width)`` with a step at least.
        state
            After the part before; None at the beginning.

        Returns
        -------
        tuple
            Outputs ``(batch, time, width)`` and the state after the last step.

        Raises
        ------
        ValueError
            If the shape of input or state does not fit.
        """
        if state is not None:
            return super().forward(x, state)
        check_sequence(self, x, self.width)
        system, signal = _Discrete(self), x.to(self.working_dtype)
        y = self._mixed(_convolved(signal, system.kernel(x.shape[1])), x)
        return y, (system.last_state(signal),)

    def _sequence(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        system, memory = _Discrete(self), torch.view_as_complex(state[0].contiguous())
        linear = []
        for frame in x.to(self.working_dtype).unbind(1):
            memory = system.advance(memory) + system.into * frame[..., None]
            linear.append(2 * (system.read * memory).real.sum(-1))
        return self._mixed(torch.stack(linear, 1), x), (torch.view_as_real(memory),)

    def _mixed(self, linear: Tensor, x: Tensor) -> Tensor:
        active = self.dropout(functional.gelu(linear + self.skip * x))
        return functional.glu(self.out(active.to(self.out.weight.dtype)), -1)


class _Discrete:
    """The discretised state spaces of a layer; complex tensors are ``(width, pair)``, real ones ``(width, 2 pair)``."""

    def __init__(self, layer: S4) -> None:
        dtype = layer.working_dtype
        into, read, low_rank = (torch.view_as_complex(p.to(dtype)) for p in (layer.into, layer.read, layer.low_rank))
        eigenvalues = torch.complex(-layer.log_decay.to(dtype).exp(), layer.frequency.to(dtype))
        dt = layer.log_dt.to(dtype).exp()[:, None]
        # (1 - dt/2 A)^-1 = E - E p p* E / (2/dt + p* E p), E = 1 / (1 - dt/2 lambda), by Woodbury's identity; the inner
        # products run over both members of the pairs. A~ = 2 (1 - dt/2 A)^-1 - 1.
        solved = 1 / (1 - dt / 2 * eigenvalues)
        weight = 2 / (2 / dt + 2 * (low_rank.abs().square() * solved.real).sum(-1, keepdim=True))
        self._from, self._onto = low_rank.conj() * solved, 2 * weight * (low_rank * solved)
        self._diagonal = 2 * solved - 1
        right = dt * into
        self.into = solved * right - self._onto / 2 * (self._from * right).real.sum(-1, keepdim=True)
        self.read = read

    def advance(self, state: Tensor) -> Tensor:
        """A~ s = diagonal s - onto Re(from . s), for any leading axes."""
        return self._diagonal * state - self._onto * (self._from * state).real.sum(-1, keepdim=True)

    def kernel(self, length: int) -> Tensor:
        """C A~^k B~ for k = 0 .. length - 1: k = block j + i, so rows C A~^(block j) times columns A~^i B~."""
        block, blocks = _blocks(length)
        columns, rows = self._columns(block), [_real(self.read.conj())]
        if blocks > 1:
            power = self._power(block)
            for _ in range(blocks - 1):
                rows.append(torch.einsum("wn,wnm->wm", rows[-1], power))
        return 2 * (torch.stack(rows, 1) @ columns).flatten(1)[:, :length]

    def last_state(self, x: Tensor) -> Tensor:
        """Sum of A~^(T-1-t) B~ x_t, block by block."""
        block, blocks = _blocks(x.shape[1])
        filled = functional.pad(x, (0, 0, block * blocks - x.shape[1], 0)).unflatten(1, (blocks, block))
        parts = torch.einsum("bjtw,wnt->jwbn", filled, self._columns(block).flip(2))
        state = parts[0]
        if blocks > 1:
            power = self._power(block).transpose(1, 2)
            for part in parts[1:]:
                state = torch.baddbmm(part, state, power)
        return state.transpose(0, 1).unflatten(-1, (-1, 2))

    def _columns(self, length: int) -> Tensor:
        """A~^i B~ for i = 0 .. length - 1, ``(width, 2 pair, length)``."""
        states = [self.into]
        for _ in range(length - 1):
            states.append(self.advance(states[-1]))
        return _real(torch.stack(states, 1)).transpose(1, 2)

    def _power(self, exponent: int) -> Tensor:
        """A~ to a power of two as real matrices ``(width, 2 pair, 2 pair)``."""
        pairs = self.read.shape[1]
        unit = torch.eye(2 * pairs, dtype=self.read.real.dtype, device=self.read.device).unflatten(-1, (pairs, 2))
        matrix = _real(self.advance(torch.view_as_complex(unit)[:, None])).permute(1, 2, 0)
        while exponent > 1:
            matrix, exponent = matrix @ matrix, exponent // 2
        return matrix


def _blocks(length: int) -> tuple[int, int]:
    """Size and number of the blocks of a kernel; sizes are powers of two where there is more than one."""
    if length <= LONGEST_BLOCK:
        return length, 1
    block = 2 ** math.ceil(math.log2(length) / 2)
    return block, math.ceil(length / block)


def _real(numbers: Tensor) -> Tensor:
    """Real and imaginary parts side by side: the last axis, doubled."""
    return torch.view_as_real(numbers.resolve_conj()).flatten(-2)


def _convolved(x: Tensor, kernel: Tensor) -> Tensor:
    """y_t = sum_k kernel_k x_(t-k), channel by channel."""
    if not len(x):
        return x  # A Fourier transform of nothing is refused.
    size = 2 * x.shape[1]
    # Fourier transforms along the last axis in memory take half the time.
    spectrum = torch.fft.rfft(x.transpose(1, 2).contiguous(), size) * torch.fft.rfft(kernel, size)
    return torch.fft.irfft(spectrum, size)[..., : x.shape[1]].transpose(1, 2)
