"""Where networks are trained: a GPU if there is one, with the data on it if they fit."""

import torch

from mthn_automl.errors import UsageError

DATA_SHARE = 0.5
"""Of a device's free memory that the data may take; the rest is for packs and their gradients."""


def choose_device(name: str = "auto") -> torch.device:
    """The device called `name`; with `auto` CUDA, else MPS, else the CPU.

    Raises:
        UsageError: a device that this machine or this build of PyTorch does not have.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    usable = [device for device, can_be_used in available.items() if can_be_used]
    if name != "auto" and name not in usable:
        raise UsageError(
            f"--device must be auto or a device of this machine ({', '.join(usable)}), however it is '{name}'."
        )
    return torch.device(usable[0] if name == "auto" else name)


def gpu_count() -> int:
    """CUDA devices that PyTorch can use here."""
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def holds(device: torch.device, size: int) -> bool:
    """Whether data of so many bytes may lie on the device; if not, each batch is brought to it."""
    return size <= DATA_SHARE * _free_bytes(device)


def _free_bytes(device: torch.device) -> float:
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    if device.type == "mps":
        return float(torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory())
    return float("inf")
