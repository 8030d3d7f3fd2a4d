"""Weights that the authors published, from a file that the user has."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import ContractError, ResourceNotAvailableError
from ..registry import create_model
from ..weights import save_model
from .network import MotionNetwork
from .network_config import MotionConfig
from .second_order import BLOCKS

SOURCE = "Sun et al. 2025, doi 10.1038/s42256-025-01068-w"
# How torch.nn.DataParallel marks what it wraps.
WRAPPED = "module."
# Published inference iterates Stage II eight times.
ITERATIONS = 8
GABOR = {
    "theta_raw": "spatial_filter.{}thetas",
    "frequency_raw": "spatial_filter.{}fs",
    "sigma_raw": "spatial_filter.{}sigmas",
    "gamma_raw": "spatial_filter.{}gammas",
    "phase": "spatial_filter.{}psis",
    "temporal_frequency_raw": "temporal_filter.{}ft",
    "tau_raw": "temporal_filter.{}tao",
}
SCALARS = {"norm_k": "norm_k", "norm_sigma": "norm_sigma", "spontaneous": "spontaneous_firing"}
BIASED = ("weight", "bias")
# Our module to the published one, for those whose parameters have equal names and shapes.
GRAPH = {
    "embed_1": ("layers.att_proj.0", ("weight",)),
    "embed_2": ("layers.att_proj.2", ("weight",)),
    "value": ("layers.v_proj", ("weight",)),
    "merge": ("layers.merge", ("weight",)),
    "message_norm_1": ("layers.norm1", BIASED),
    "mlp_1": ("layers.mlp.0", ("weight",)),
    "mlp_2": ("layers.mlp.2", ("weight",)),
    "mlp_3": ("layers.mlp.4", ("weight",)),
    "message_norm_2": ("layers.norm2", BIASED),
    "context_project": ("layers.attn_updater.proj", ("weight",)),
    "context_norm": ("layers.attn_updater.norm", BIASED),
    "context_conv_1": ("layers.attn_updater.conv.0", BIASED),
    "context_conv_2": ("layers.attn_updater.conv.2", BIASED),
    "context_conv_3": ("layers.attn_updater.conv.4", BIASED),
    "read_1": ("re_proj.0", BIASED),
    "read_2": ("re_proj.2", BIASED),
}
GRUS = {"state_gru": "layers.gru", "context_gru": "layers.attn_updater.gru"}
GATES = {"update": "convz", "reset": "convr", "candidate": "convq"}
AXES = {"horizontal": "1", "vertical": "2"}
READ_OUT = {
    **{f"decoder.convolution_{number}": f"decoder.conv{number}.0" for number in range(1, 5)},
    "decoder.read": "decoder.predict_flow.0",
    **{f"upsampler.convolution_{number}": f"upsampler.{2 * number - 2}" for number in range(1, 4)},
}


class Published(NamedTuple):
    """Where the published checkpoint has one of our tensors.

    Attributes
    ----------
    keys
        Theirs; the flattened tensors after each other are ours.
    shape
        Of each of theirs; None for that of ours.
    """

    keys: tuple[str, ...]
    shape: tuple[int, ...] | None = None


def published_keys(config: MotionConfig) -> dict[str, Published]:
    """Our key to the published ones, of every parameter.

    Parameters
    ----------
    config
        With the published sizes or others.
    """
    found = dict(_bank(config))
    found.update(_graph())
    for ours, theirs in READ_OUT.items():
        found.update({f"{ours}.{part}": Published((f"{theirs}.{part}",)) for part in BIASED})
    if config.pathways == 2:
        found.update(_second_order(config))
    return found


def from_published(state: Mapping[str, Tensor], config: MotionConfig) -> dict[str, Tensor]:
    """Our state of a published one, every tensor accounted for.

    Parameters
    ----------
    state
        Published names to tensors, with or without the mark of ``DataParallel``. For a network of one pathway the second
        one of a DUAL checkpoint is left out.
    config
        Of the network.

    Returns
    -------
    dict of str to Tensor
        What ``load_state_dict`` of the network takes.

    Raises
    ------
    ContractError
        Naming the first key that is missing, of another shape, not finite, or unexpected.
    """
    theirs = {key.removeprefix(WRAPPED): value for key, value in state.items()}
    shapes = {key: tuple(value.shape) for key, value in MotionNetwork(config, seed=0).state_dict().items()}
    mapping = published_keys(config)
    found = {}
    for ours, place in mapping.items():
        wanted = shapes[ours] if place.shape is None else place.shape
        for key in place.keys:
            if key not in theirs:
                raise ContractError(
                    f"the checkpoint has no {key!r}, from which {ours!r} comes; give the authors' checkpoint of the network "
                    "with two pathways."
                )
            if tuple(theirs[key].shape) != wanted:
                raise ContractError(
                    f"{key!r} of the checkpoint has shape {tuple(theirs[key].shape)}, but {wanted} is expected; it is of "
                    "another configuration."
                )
            if not theirs[key].isfinite().all():
                raise ContractError(f"{key!r} of the checkpoint has values that are not finite; it is damaged.")
        values = torch.cat([theirs[key].reshape(-1) for key in place.keys])
        found[ours] = values.reshape(shapes[ours]).float()
    known = {key for place in mapping.values() for key in place.keys} | set(_constants(config))
    for key in theirs:
        if key not in known and not (config.pathways == 1 and key.startswith(("ffv2.", "fuse."))):
            raise ContractError(
                f"the checkpoint has {key!r}, which this network does not know; it is of another network."
            )
    return found


def load_published_checkpoint(
    path: str | Path, name: str = "motion/dual", *, label: str = "published", **options: object
) -> MotionNetwork:
    """The network with the weights of a file that the authors published.

    Parameters
    ----------
    path
        A ``.pth`` file of torch; read without running any code in it.
    name
        ``"motion/dual"``, or ``"motion/fom"`` for its first pathway alone.
    label
        Tells these weights apart.
    **options
        Of the network. Unless given, ``as_published`` is true and ``iterations`` 8, as the weights were used.

    Returns
    -------
    MotionNetwork
        In evaluation mode.

    Raises
    ------
    ResourceNotAvailableError
        If there is no such file.
    ContractError
        If it holds no tensors by name, or not those of this network; names the first difference.
    """
    given = {"as_published": True, "iterations": ITERATIONS, **options}
    model = create_model(name, **given)  # type: ignore[arg-type]
    if not isinstance(model, MotionNetwork):
        raise ContractError(f"{name!r} is no trainable motion network; choose motion/dual or motion/fom.")
    model.load_state_dict(from_published(_read(Path(path)), model.config))
    model.label, model.name = label, f"{name}.{label}"
    return model


def convert_published_checkpoint(
    path: str | Path, folder: str | Path, name: str = "motion/dual", *, label: str = "published", **options: object
) -> Path:
    """Write the network of `load_published_checkpoint` as safetensors, which `neuromodels.load_model` reads.

    Parameters
    ----------
    path, name, label, **options
        Of `load_published_checkpoint`.
    folder
        Where it is written; an earlier one is replaced.

    Returns
    -------
    Path
        The folder.
    """
    model = load_published_checkpoint(path, name, label=label, **options)
    return save_model(model, folder, label=label, facts={"source": SOURCE, "converted_from": Path(path).name})


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise ResourceNotAvailableError(
            f"there is no file {path}; the authors' checkpoint is theirs to give: see the code that goes with {SOURCE}."
        )
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # reading a damaged file fails in any way
        raise ContractError(
            f"{path} cannot be read as tensors alone ({type(error).__name__}): it is damaged, no file of torch, or holds more "
            "than tensors, which is not read; give the authors' file as it was distributed."
        ) from None
    for wrapper in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping) or not content or not all(isinstance(one, Tensor) for one in content.values()):
        raise ContractError(f"{path} holds no tensors by name; give the state of a network.")
    return dict(content)


def _bank(config: MotionConfig) -> Iterator[tuple[str, Published]]:
    levels, units = config.levels, config.units_per_level
    yield "bank.pooling", Published(("ffv1.temporal_pooling",))
    for ours, theirs in SCALARS.items():
        yield f"bank.{ours}", Published((f"ffv1.{theirs}",), (1, 1))
    for ours, theirs in GABOR.items():
        keys = tuple(f"ffv1.{theirs.format(f'{level}.')}" for level in range(levels))
        yield f"bank.filters.{ours}", Published(keys, (1, units))


def _graph() -> Iterator[tuple[str, Published]]:
    for scalar in ("norm_k", "norm_sigma"):
        yield f"graph.{scalar}", Published((f"MT.{scalar}",))
    for ours, (theirs, parts) in GRAPH.items():
        for part in parts:
            yield f"graph.{ours}.{part}", Published((f"MT.{theirs}.{part}",))
    for gru, their_gru in GRUS.items():
        for axis, number in AXES.items():
            for gate, convolution in GATES.items():
                for part in BIASED:
                    yield (
                        f"graph.{gru}.{axis}.{gate}.{part}",
                        Published((f"MT.{their_gru}.{convolution}{number}.{part}",)),
                    )


def _second_order(config: MotionConfig) -> Iterator[tuple[str, Published]]:
    encoder = "ffv2.0.basic_encoder"
    for scalar in ("norm_k", "norm_sigma"):
        yield f"features.{scalar}", Published((f"ffv2.0.{scalar}",), (1, 1))
    for part in BIASED:
        yield f"features.output.{part}", Published((f"ffv2.0.re_projection.0.{part}",))
    yield "features.stem.weight", Published((f"{encoder}.conv1.weight",))
    for stage, blocks in enumerate(BLOCKS):
        for block in range(blocks):
            ours, theirs = f"features.stages.{stage}.{block}", f"{encoder}.layer{stage + 1}.{block}"
            for number in (1, 2):
                yield f"{ours}.convolution_{number}.weight", Published((f"{theirs}.conv{number}.weight",))
            if stage and not block:
                yield f"{ours}.shortcut.weight", Published((f"{theirs}.downsample.0.weight",))
    yield "feature_energy.pooling", Published(("ffv2.1.temporal_pooling",))
    for ours, theirs in SCALARS.items():
        yield f"feature_energy.{ours}", Published((f"ffv2.1.{theirs}",), (1, 1))
    for ours, theirs in GABOR.items():
        yield f"feature_energy.filters.{ours}", Published((f"ffv2.1.{theirs.format('')}",), (1, config.channels))
    yield "fusion.mix.weight", Published(("fuse.0.weight",))
    yield "fusion.combine.weight", Published(("fuse.2.weight",))


def _constants(config: MotionConfig) -> Iterator[str]:
    """Positions of the taps of filters, which the published state holds beside the parameters."""
    for level in range(config.levels):
        yield from (f"ffv1.{kind}_filter.{level}.indices" for kind in ("spatial", "temporal"))
    yield from (f"ffv2.1.{kind}_filter.indices" for kind in ("spatial", "temporal"))
