"""Objectives without labels: two views of a sample that must agree, or the stimulus from its own features."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

Built = TypeVar("Built")


class SimCLR(nn.Module):
    """Contrast of two views of each sample with all other samples of the batch.

    z = BN(W2 ReLU(BN(W1 f))), without biases in W1 and W2, whose elements start as N(0, 0.01^2); then `contrastive_loss`.
    The batch norms see both views at once.

    Parameters
    ----------
    features
        Length of the feature f.
    hidden, embedding
        Lengths of W1 f and of z.
    temperature
        Above 0; see `contrastive_loss`.
    seed
        Of the weights.

    Raises
    ------
    ValueError
        If a length is below 1 or the temperature is not above 0.

    References
    ----------
    Chen et al. 2020, arXiv 2002.05709, equation 1.
    """

    def __init__(
        self, features: int, *, hidden: int = 2048, embedding: int = 128, temperature: float = 0.1, seed: int = 0
    ) -> None:
        super().__init__()
        _check_lengths(features=features, hidden=hidden, embedding=embedding)
        _check_temperature(temperature)
        self.features, self.temperature = features, temperature

        def build() -> nn.Sequential:
            layers: OrderedDict[str, nn.Module] = OrderedDict(
                linear1=nn.Linear(features, hidden, bias=False),
                norm1=nn.BatchNorm1d(hidden),
                relu=nn.ReLU(),
                linear2=nn.Linear(hidden, embedding, bias=False),
                norm2=nn.BatchNorm1d(embedding),
            )
            for layer in layers.values():
                if isinstance(layer, nn.Linear):
                    nn.init.normal_(layer.weight, std=0.01)
            return nn.Sequential(layers)

        self.neck = _seeded(seed, build)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """The loss.

        Parameters
        ----------
        first, second
            Features of the two views, ``(sample, feature)``; the same sample in the same row. At least 2 samples.

        Returns
        -------
        Tensor
            A scalar.

        Raises
        ------
        ValueError
            If the shapes are not these.
        """
        _check_views(first, second, self.features)
        one, two = self.neck(torch.cat([first, second])).chunk(2)
        return contrastive_loss(one, two, self.temperature)


def contrastive_loss(first: Tensor, second: Tensor, temperature: float = 0.1) -> Tensor:
    """Cross-entropy of finding the other view of each sample among all other rows.

    With s the cosine (norms plus 1e-10) over the 2 N rows of both views and p the other view of i,
    loss = mean_i -log(exp(s_ip / temperature) / sum_{j != i} exp(s_ij / temperature)).

    Parameters
    ----------
    first, second
        Embeddings of the two views, ``(sample, embedding)``; the same sample in the same row. At least 2 samples.
    temperature
        Above 0; the smaller, the more the nearest wrong rows count.

    Returns
    -------
    Tensor
        A scalar.

    Raises
    ------
    ValueError
        If the shapes are not these or the temperature is not above 0.

    References
    ----------
    Chen et al. 2020, arXiv 2002.05709, equation 1.
    """
    _check_views(first, second)
    _check_temperature(temperature)
    rows = torch.cat([first, second])
    rows = rows / (rows.norm(dim=1, keepdim=True) + 1e-10)
    similarity = rows @ rows.T / temperature
    itself = torch.eye(len(rows), dtype=torch.bool, device=rows.device)
    other_view = torch.arange(len(rows), device=rows.device).roll(len(first))
    return functional.cross_entropy(similarity.masked_fill(itself, -torch.inf), other_view)


class SimSiam(nn.Module):
    """Prediction of one view's projection from the other's, without negatives.

    loss = (D(p1, z2) + D(p2, z1)) / 2, where z = projector(f), p = predictor(z), D = -mean cosine, and no gradient flows
    into the z of D. The projector is three linear layers, each with batch norm, with ReLU between; the predictor is two
    linear layers with batch norm and ReLU between. The batch norms see one view at a time, the first one first.

    Parameters
    ----------
    features
        Length of the feature f.
    hidden
        Length of every layer of the projector, and of p.
    bottleneck
        Length between the two layers of the predictor.
    seed
        Of the weights: torch's own initialisation.

    Raises
    ------
    ValueError
        If a length is below 1.

    References
    ----------
    Chen & He 2021, arXiv 2011.10566, equations 1 to 4.
    """

    def __init__(self, features: int, *, hidden: int = 2048, bottleneck: int = 512, seed: int = 0) -> None:
        super().__init__()
        _check_lengths(features=features, hidden=hidden, bottleneck=bottleneck)
        self.features = features

        def build() -> tuple[nn.Sequential, nn.Sequential]:
            projector: OrderedDict[str, nn.Module] = OrderedDict(
                linear1=nn.Linear(features, hidden),
                norm1=nn.BatchNorm1d(hidden),
                relu1=nn.ReLU(),
                linear2=nn.Linear(hidden, hidden),
                norm2=nn.BatchNorm1d(hidden),
                relu2=nn.ReLU(),
                linear3=nn.Linear(hidden, hidden),
                norm3=nn.BatchNorm1d(hidden),
            )
            predictor: OrderedDict[str, nn.Module] = OrderedDict(
                linear1=nn.Linear(hidden, bottleneck),
                norm1=nn.BatchNorm1d(bottleneck),
                relu1=nn.ReLU(),
                linear2=nn.Linear(bottleneck, hidden),
            )
            return nn.Sequential(projector), nn.Sequential(predictor)

        self.projector, self.predictor = _seeded(seed, build)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """The loss.

        Parameters
        ----------
        first, second
            Features of the two views, ``(sample, feature)``; the same sample in the same row. At least 2 samples.

        Returns
        -------
        Tensor
            A scalar, from -1 to 1.

        Raises
        ------
        ValueError
            If the shapes are not these.
        """
        _check_views(first, second, self.features)
        z1, z2 = self.projector(first), self.projector(second)
        p1, p2 = self.predictor(z1), self.predictor(z2)
        cosines = functional.cosine_similarity(p1, z2.detach()) + functional.cosine_similarity(p2, z1.detach())
        return -0.5 * cosines.mean()


class Autoencoder(nn.Module):
    """Reconstruction of every frame of the stimulus from the feature of its step.

    A linear layer gives c0 = min(channel, floor(features / (row col)) + 1) channels; three transposed convolutions (3 x 3,
    stride 1, padding 1), with ReLU between, give those of the stimulus.
    loss = mean (reconstruction - stimulus)^2 / 2 + sparsity mean |feature|.

    Parameters
    ----------
    features
        Length of the feature.
    stimulus_shape
        Of a frame: ``(channel, row, col)``.
    sparsity
        Weight of the second term, at least 0.
    seed
        Of the weights: torch's own initialisation.

    Raises
    ------
    ValueError
        If a length is below 1, the shape has not three lengths, or the sparsity is negative.
    """

    def __init__(self, features: int, stimulus_shape: Sequence[int], *, sparsity: float = 1e-4, seed: int = 0) -> None:
        super().__init__()
        if len(stimulus_shape) != 3:
            raise ValueError(
                f"stimulus_shape must be (channel, row, col), received {tuple(stimulus_shape)}; leave out batch and step."
            )
        channels, rows, cols = stimulus_shape
        _check_lengths(features=features, channels=channels, rows=rows, cols=cols)
        if not 0 <= sparsity < float("inf"):
            raise ValueError(f"sparsity must be finite and at least 0, received {sparsity}; 0 leaves the term out.")
        self.features, self.stimulus_shape, self.sparsity = features, (channels, rows, cols), sparsity
        narrow = min(channels, features // (rows * cols) + 1)

        def build() -> nn.Sequential:
            layers: OrderedDict[str, nn.Module] = OrderedDict(
                linear=nn.Linear(features, narrow * rows * cols),
                frame=nn.Unflatten(1, (narrow, rows, cols)),
                conv1=nn.ConvTranspose2d(narrow, channels, 3, padding=1),
                relu1=nn.ReLU(),
                conv2=nn.ConvTranspose2d(channels, channels, 3, padding=1),
                relu2=nn.ReLU(),
                conv3=nn.ConvTranspose2d(channels, channels, 3, padding=1),
            )
            return nn.Sequential(layers)

        self.decoder = _seeded(seed, build)

    def reconstruct(self, features: Tensor) -> Tensor:
        """The stimulus that the features stand for.

        Parameters
        ----------
        features
            ``(batch, step, feature)``.

        Returns
        -------
        Tensor
            ``(batch, step, channel, row, col)``.

        Raises
        ------
        ValueError
            If the shape is not this.
        """
        if features.ndim != 3 or features.shape[2] != self.features:
            raise ValueError(
                f"features must be (batch, step, {self.features}), received {tuple(features.shape)}; "
                "give the features of all steps."
            )
        return self.decoder(features.flatten(0, 1)).unflatten(0, features.shape[:2])

    def forward(self, features: Tensor, stimulus: Tensor) -> Tensor:
        """The loss.

        Parameters
        ----------
        features
            ``(batch, step, feature)``.
        stimulus
            ``(batch, step, channel, row, col)``.

        Returns
        -------
        Tensor
            A scalar.

        Raises
        ------
        ValueError
            If the shapes are not these.
        """
        reconstruction = self.reconstruct(features)
        if stimulus.shape != reconstruction.shape:
            raise ValueError(
                f"stimulus must be {tuple(reconstruction.shape)} to go with the features, received "
                f"{tuple(stimulus.shape)}; give one frame of shape {self.stimulus_shape} per step."
            )
        return 0.5 * functional.mse_loss(reconstruction, stimulus) + self.sparsity * features.abs().mean()


def _seeded(seed: int, build: Callable[[], Built]) -> Built:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def _check_lengths(**lengths: int) -> None:
    for name, length in lengths.items():
        if length < 1:
            raise ValueError(f"{name} must be at least 1, received {length}; it is the length of a layer.")


def _check_temperature(temperature: float) -> None:
    if not 0 < temperature < float("inf"):
        raise ValueError(f"temperature must be finite and above 0, received {temperature}; 0.1 is usual.")


def _check_views(first: Tensor, second: Tensor, length: int | None = None) -> None:
    fits = first.ndim == 2 and first.shape == second.shape and len(first) >= 2 and length in (None, first.shape[1])
    if not fits:
        raise ValueError(
            f"both views must be (sample, {length or 'embedding'}) with the same 2 or more samples, received "
            f"{tuple(first.shape)} and {tuple(second.shape)}; give one vector per sample and view."
        )
