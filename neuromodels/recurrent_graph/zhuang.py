"""The recurrent network for touch: six convolutions with long-range feedback, two fully connected layers, any cell."""

from .config import STIMULUS, GraphConfig, NodeConfig, Unroll

# What each convolution reads, in the order in which the channels are stacked.
CONVOLUTIONS = {
    "conv1": (STIMULUS,),
    "conv2": ("conv1", "conv3", "conv4"),
    "conv3": ("conv2", "conv4", "conv5"),
    "conv4": ("conv3", "conv5", "conv6"),
    "conv5": ("conv4", "conv6"),
    "conv6": ("conv5",),
}
CHANNELS = (96, 128, 256, 384, 384, 256)
KERNEL = 2


def zhuang_graph(
    cell: str = "time_decay",
    *,
    layer_norm: bool = False,
    input_shape: tuple[int, int, int] = (30, 5, 7),
    channels: tuple[int, ...] = CHANNELS,
    hidden: int = 1024,
    output: int = 512,
    unroll: Unroll = "biological",
) -> GraphConfig:
    """Describe the encoder of whisker forces that the published tactile networks share.

    Parameters
    ----------
    cell
        Memory of the convolutions: one of `neuromodels.layers.list_cells`. With ``"time_decay"`` the fully connected
        layers have it too; otherwise they have none. With ``"reciprocal_gated"`` a convolution maps what comes from below
        only: that is also the bypass of its cell, from conv2 on, and what comes from above is the feedback of its cell.
    layer_norm
        Whether the gates of the cell are normalised.
    input_shape
        (channel, row, col) of one frame: 5 samples of 6 forces and moments, on a grid of 5 x 7 whiskers.
    channels
        Of the six convolutions.
    hidden, output
        Widths of the two fully connected layers.
    unroll
        See `GraphConfig`.

    Returns
    -------
    GraphConfig
        conv1 to conv6, fc7 and fc8, of which fc8 is read out.

    References
    ----------
    Zhuang, Kubilius, Hartmann, Yamins 2017, "Toward goal-driven neural network models for the rodent whisker-trigeminal
    system", for the feedback; Chung, Shen, Kong, Nayebi 2025, arXiv 2505.18361, for the cells.
    """
    if len(channels) != len(CONVOLUTIONS):
        raise ValueError(
            f"channels must have one entry for each of {len(CONVOLUTIONS)} convolutions, received {channels}."
        )
    options = {"layer_norm": True} if layer_norm else {}
    reciprocal = cell == "reciprocal_gated"
    nodes = [
        NodeConfig(
            name,
            width,
            inputs[:1] if reciprocal else inputs,
            kernel=KERNEL,
            padding="valid" if STIMULUS in inputs else "same",
            cell=cell,
            cell_kernel=KERNEL,
            cell_options=options,
            # The first convolution makes the grid smaller, so that nothing can pass it by.
            cell_residual=inputs[:1] if reciprocal and STIMULUS not in inputs else (),
            cell_feedback=inputs[1:] if reciprocal else (),
            activation="relu",
        )
        for (name, inputs), width in zip(CONVOLUTIONS.items(), channels, strict=True)
    ]
    flat = "time_decay" if cell == "time_decay" else "identity"
    for name, width, inputs in (("fc7", hidden, ("conv2", "conv4", "conv6")), ("fc8", output, ("fc7",))):
        nodes.append(NodeConfig(name, width, inputs, map="linear", bias=0.1, cell=flat, activation="relu"))
    return GraphConfig(input_shape, tuple(nodes), "fc8", unroll)
