"""Registered tactile networks: the published combinations, modern encoders, and small ones for a CPU."""

from typing import TYPE_CHECKING

from ..registry import register_model
from .config import EADConfig

if TYPE_CHECKING:
    from .network import TactileNetwork

PAPER = "Chung, Shen, Kong, Nayebi 2025, arXiv 2505.18361"
Options = dict[str, object]

# Cell, layer norm: parameters with the MLP, and with the linear head that networks trained without labels are given.
CELLS = {
    ("time_decay", False): (24_570_205, 23_520_093),
    ("ugrnn", False): (31_798_549, 30_748_437),
    ("ugrnn", True): (31_804_565, 30_754_453),
    ("intersection", False): (39_026_901, 37_976_789),
    ("intersection", True): (39_038_933, 37_988_821),
    ("gru", False): (35_412_725, 34_362_613),
    ("gru", True): (35_421_749, 34_371_637),
    ("lstm", False): (39_026_901, 37_976_789),
    ("lstm", True): (39_041_941, 37_991_829),
}
CELLS_BEFORE_GPT = {
    ("time_decay", False): 49_298_781,
    ("ugrnn", False): 56_527_125,
    ("intersection", True): 63_767_509,
    ("gru", False): 60_141_301,
    ("lstm", False): 63_755_477,
}
# Kind of the layers, what they are called, number of parameters, paper.
SEQUENCES = {
    "s4": ("s4", "S4", 4_544_629, "Gu, Goel, Re 2022, arXiv 2111.00396"),
    "mamba": ("mamba", "Mamba", 8_694_901, "Gu, Dao 2023, arXiv 2312.00752"),
    "mingru": ("min_gru", "minGRU", 4_017_269, "Feng et al. 2024, arXiv 2410.01201"),
    "aaren": ("aaren", "Aaren", 5_069_941, "Feng et al. 2024, arXiv 2405.13956"),
    "lmu": ("lmu", "LMU", 5_260_405, "Voelker, Kajic, Eliasmith 2019, NeurIPS 32"),
    "xlstm": ("mlstm", "mLSTM", 7_185_557, "Beck et al. 2024, arXiv 2405.04517"),
    "slstm": ("slstm", "sLSTM", 7_167_093, "Beck et al. 2024, arXiv 2405.04517"),
}
SMALL_CELLS = {
    ("time_decay", False): 314_556,
    ("ugrnn", False): 386_548,
    ("intersection", True): 459_828,
    ("gru", False): 422_548,
    ("lstm", False): 458_548,
}
WORDS = {
    "time_decay": "time decay",
    "ugrnn": "UGRNN cells",
    "intersection": "IntersectionRNN cells",
    "gru": "GRU cells",
    "lstm": "LSTM cells",
}
SMALL: Options = {
    "channels": (16, 24, 32, 32, 32, 24),
    "hidden": 128,
    "output": 64,
    "decoder_widths": (128, 64),
    "classes": 20,
}


def _register(name: str, summary: str, n_params: int, paper: str = PAPER, /, **defaults: object) -> None:
    """Enter the network of these options; the layers are the configuration's."""
    config = EADConfig.with_options(defaults)

    def build(*, seed: int, **overrides: object) -> "TactileNetwork":
        from .network import TactileNetwork

        return TactileNetwork(EADConfig.with_options(defaults, **overrides), seed=seed)

    build.__doc__ = summary
    register_model(
        f"tactile/{name}",
        paper=paper,
        layers=config.layers,
        committed_layer=config.committed_layer,
        expected_params=n_params,
        defaults=defaults,
    )(build)


def _suffix(cell: str, layer_norm: bool) -> str:
    return ("" if cell == "time_decay" else f"-{cell}") + ("-ln" if layer_norm else "")


def _words(cell: str, layer_norm: bool) -> str:
    return WORDS[cell] + (" and layer norm" if layer_norm else "")


for (cell, norm), (with_mlp, with_linear) in CELLS.items():
    memory: Options = {"cell": cell, "layer_norm": norm}
    words = _words(cell, norm)
    _register(f"zhuang{_suffix(cell, norm)}", f"ConvRNN with feedback, {words}, and an MLP.", with_mlp, **memory)
    _register(
        f"zhuang{_suffix(cell, norm)}-linear",
        f"ConvRNN with feedback, {words}, and a linear head.",
        with_linear,
        decoder="linear",
        **memory,
    )
for (cell, norm), count in CELLS_BEFORE_GPT.items():
    _register(
        f"zhuang{_suffix(cell, norm)}-gpt",
        f"ConvRNN with feedback, {_words(cell, norm)}, read by a transformer.",
        count,
        cell=cell,
        layer_norm=norm,
        attender="gpt",
        decoder="linear",
    )
_register(
    "zhuang-mamba",
    "ConvRNN with feedback, time decay, read by Mamba.",
    30_304_093,
    attender="mamba",
    decoder="linear",
)
_register(
    "resnet18",
    "ResNet-18 of each step, and an MLP of all steps.",
    23_644_021,
    encoder="resnet18",
    decoder="all_steps",
)
_register(
    "resnet18-gpt",
    "ResNet-18 of each step, read by a transformer.",
    18_086_517,
    encoder="resnet18",
    attender="gpt",
    attender_width=256,
    decoder="linear",
)
_register(
    "resnet18-mamba",
    "ResNet-18 of each step, read by Mamba.",
    18_367_861,
    encoder="resnet18",
    attender="mamba",
    decoder="linear",
)
_register("s4-gpt", "S4 blocks, read by a transformer.", 29_273_205, encoder="s4", attender="gpt", decoder="linear")
_register("s4-mamba", "S4 blocks, read by Mamba.", 10_278_517, encoder="s4", attender="mamba", decoder="linear")
for name, (kind, layer, count, paper) in SEQUENCES.items():
    _register(name, f"{layer} blocks over the steps, and an MLP.", count, paper, encoder=kind)

for (cell, norm), count in SMALL_CELLS.items():
    _register(
        f"small{_suffix(cell, norm)}",
        f"Small ConvRNN with feedback, {_words(cell, norm)}, for training on a CPU.",
        count,
        cell=cell,
        layer_norm=norm,
        **SMALL,
    )
_register(
    "small-gpt",
    "Small ConvRNN with feedback, time decay, read by a small transformer, for training on a CPU.",
    410_556,
    **{key: value for key, value in SMALL.items() if key != "decoder_widths"},
    attender="gpt",
    attender_width=64,
    attender_blocks=2,
    decoder="linear",
)
