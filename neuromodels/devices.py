"""Device names for the command line; everything else follows the module's own parameters."""


def resolve_device(name: str) -> str:
    """Turn ``auto`` into ``cuda`` where there is a GPU, else ``cpu``; check that any other name works.

    Raises
    ------
    ValueError
        If torch does not know the device or cannot reach it.
    """
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError, ImportError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"device {name!r} cannot be used ({reason}); try auto, cpu or cuda.") from None
    return name
