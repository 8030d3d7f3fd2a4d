"""Published weights: every parameter has its place, files of the published form are read, others are refused by name."""

import pytest
import torch

import neuromodels
from neuromodels import ContractError, ResourceNotAvailableError, create_model
from neuromodels.motion.network_config import MotionConfig
from neuromodels.motion.published_checkpoint import (
    convert_published_checkpoint,
    from_published,
    load_published_checkpoint,
    published_keys,
)

TINY = {"levels": 2, "units_per_level": 4, "widths": (2, 4, 4), "upsampler_width": 8}


def published(model):
    """The state of a network under the published names, as torch's DataParallel saves it."""
    state, found = model.state_dict(), {}
    for ours, place in published_keys(model.config).items():
        values = state[ours].clone()
        shape = tuple(values.shape) if place.shape is None else place.shape
        for key, part in zip(place.keys, values.reshape(len(place.keys), -1), strict=True):
            found[f"module.{key}"] = part.reshape(shape)
    for level in range(model.config.levels):
        found[f"module.ffv1.spatial_filter.{level}.indices"] = torch.arange(15) - 7.0
        found[f"module.ffv1.temporal_filter.{level}.indices"] = torch.arange(6.0)
    return found


@pytest.fixture
def source():
    return create_model("motion/dual", seed=4, **TINY)


@pytest.mark.parametrize("pathways", [1, 2])
def test_every_parameter_has_its_place(pathways):
    config = MotionConfig(pathways=pathways, **TINY)
    model = create_model("motion/fom" if pathways == 1 else "motion/dual", **TINY)
    assert set(published_keys(config)) == set(model.state_dict())
    keys = [key for place in published_keys(config).values() for key in place.keys]
    assert len(keys) == len(set(keys))


def test_published_sizes():
    # Names as the published modules give them; with the sizes of the paper they hold all of its parameters.
    found = published(create_model("motion/dual"))
    assert sum(v.numel() for k, v in found.items() if not k.endswith("indices")) == 25_557_516
    assert found["module.ffv1.spatial_filter.7.thetas"].shape == (1, 32)
    assert found["module.ffv2.1.temporal_pooling"].shape == (256, 8)
    assert found["module.ffv2.0.basic_encoder.layer2.0.downsample.0.weight"].shape == (64, 32, 1, 1, 1)
    assert found["module.MT.layers.attn_updater.gru.convq2.weight"].shape == (256, 512, 5, 1)
    assert found["module.MT.layers.mlp.2.weight"].shape == (1024, 1024)
    assert found["module.decoder.predict_flow.0.weight"].shape == (2, 96, 3, 3)
    assert found["module.upsampler.4.weight"].shape == (576, 256, 3, 3)


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: {"state_dict": x, "epoch": 3}, lambda x: {"model": x}])
def test_a_file_gives_the_network_back(source, tmp_path, wrap):
    torch.save(wrap(published(source)), tmp_path / "final.pth")
    model = load_published_checkpoint(tmp_path / "final.pth", **TINY)
    for key, value in source.state_dict().items():
        assert torch.equal(model.state_dict()[key], value), key
    assert model.config.as_published and model.config.iterations == 8
    assert model.name == "motion/dual.published" and model.revision.startswith("trained published")


def test_the_first_pathway_alone(source, tmp_path):
    torch.save(published(source), tmp_path / "final.pth")
    model = load_published_checkpoint(tmp_path / "final.pth", "motion/fom", as_published=False, iterations=2, **TINY)
    assert torch.equal(model.graph.value.weight, source.graph.value.weight)
    assert not model.config.as_published and model.config.iterations == 2


def test_written_as_safetensors(source, tmp_path):
    torch.save(published(source), tmp_path / "final.pth")
    folder = convert_published_checkpoint(tmp_path / "final.pth", tmp_path / "dual", **TINY)
    model = neuromodels.load_model(folder)
    x = torch.rand(1, 15, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(model(x), load_published_checkpoint(tmp_path / "final.pth", **TINY)(x))
    assert model.name == "motion/dual.published" and model.options["as_published"] is True


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda x: x.pop("module.MT.layers.v_proj.weight"),
            "no 'MT.layers.v_proj.weight', from which 'graph.value.weight'",
        ),
        (
            lambda x: x.update({"module.ffv1.norm_k": torch.ones(2, 1)}),
            r"'ffv1.norm_k' of the checkpoint has shape \(2, 1\), but \(1, 1\)",
        ),
        (
            lambda x: x["module.MT.layers.v_proj.weight"].fill_(float("nan")),
            "'MT.layers.v_proj.weight' of the checkpoint has values that are not finite",
        ),
        (lambda x: x.update({"module.other.weight": torch.ones(1)}), "the checkpoint has 'other.weight', which"),
    ],
)
def test_the_first_difference_is_named(source, change, words):
    state = published(source)
    change(state)
    with pytest.raises(ContractError, match=words):
        from_published(state, source.config)


def test_files_that_are_no_checkpoint(tmp_path):
    with pytest.raises(ResourceNotAvailableError, match="there is no file .*missing.pth"):
        load_published_checkpoint(tmp_path / "missing.pth")
    for content in (b"", b"not a checkpoint", b"PK", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", b"\0" * 999):
        (tmp_path / "other.pth").write_bytes(content)
        with pytest.raises(ContractError, match="other.pth cannot be read as tensors alone"):
            load_published_checkpoint(tmp_path / "other.pth", **TINY)
    torch.save({"a": print}, tmp_path / "code.pth")
    with pytest.raises(ContractError, match="cannot be read as tensors alone"):
        load_published_checkpoint(tmp_path / "code.pth", **TINY)
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(ContractError, match="holds no tensors by name"):
        load_published_checkpoint(tmp_path / "list.pth", **TINY)


def test_networks_that_were_not_published(tmp_path, source):
    torch.save(published(source), tmp_path / "final.pth")
    with pytest.raises(ContractError, match="'graph.embed_1.weight'|has shape"):
        load_published_checkpoint(tmp_path / "final.pth", "motion/dual-small")
