"""What must be stored of a model so that it predicts the same, and the model back from it."""

from collections.abc import Mapping
from typing import Any

import torch

from mthn_automl.data.encoding import Encoder
from mthn_automl.data.schema import Schema
from mthn_automl.models.base import Classical, ProblemShape
from mthn_automl.training.losses import network_outputs
from mthn_automl.training.members import Pack, prototype
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.space import make_settings


def model_state(model: Networks | Classical) -> dict[str, Any]:
    """A nested value of JSON-like things and arrays."""
    if isinstance(model, Classical):
        return model.state()
    pack = model.pack
    return {
        "encoder": model.encoder.to_json(),
        "parameters": {name: value.detach().numpy() for name, value in pack.parameters.items()},
        "buffers": {name: value.numpy() for name, value in pack.buffers.items()},
        "present_only": pack.present_only,
    }


def restored_model(
    architecture: Any, family: str, settings: Mapping[str, Any], state: Mapping[str, Any], schema: Schema
) -> Networks | Classical:
    """The model whose `model_state` this is. settings: of the architecture, without those of its training."""
    chosen = make_settings(architecture.Settings, settings)
    if family == "classical":
        model: Classical = architecture(chosen)
        model.restore(state)
        return model
    encoder = Encoder.from_json(state["encoder"])
    buffers = {name: torch.from_numpy(value) for name, value in state["buffers"].items()}
    shape = ProblemShape(
        encoder.feature_width, network_outputs(schema), buffers["metadata"].shape[1], encoder.metadata_width
    )
    pack = Pack(
        prototype(lambda given: architecture(given, chosen), shape),
        {name: torch.from_numpy(value) for name, value in state["parameters"].items()},
        buffers,
        present_only=state["present_only"],
    )
    return Networks(pack, encoder, schema.problem)
