"""ONNX: any model, in one file, checked by ONNX Runtime before it is kept."""

from mthn_automl.deployment.calibration.unstated import ESTIMATE
from mthn_automl.deployment.export.check import checked
from mthn_automl.deployment.export.drawn import drawn_rows
from mthn_automl.deployment.export.graph import OPSET, OPSET_ML
from mthn_automl.deployment.export.intervals import says_nothing_of_new
from mthn_automl.deployment.export.meaning import meaning_of_input, special
from mthn_automl.deployment.export.names import wanted_inputs
from mthn_automl.deployment.export.request import Request, Written
from mthn_automl.deployment.export.whole import onnx_model, unsupported_members
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import UnsupportedError
from mthn_automl.machine import in_words

MOST_BYTES = 2**31 - 1
"""Of a file of this format."""


def unsupported(predictor: Predictor, task: int | None) -> dict[int, str]:
    """By the number of a member, why it cannot be written."""
    return unsupported_members(predictor, task)


def written(request: Request) -> Written:
    """The graph as bytes.

    Raises:
        UnsupportedError: a part cannot be exported, the file would be too large, or ONNX Runtime differs.
    """
    predictor, any_task = request.predictor, request.task is None
    model = onnx_model(predictor, request.task, request.interval)
    size = model.ByteSize()
    if size > MOST_BYTES:
        raise UnsupportedError(f"An ONNX file can have {MOST_BYTES:,} bytes, however it would have {size:,}.")
    tables = [*request.tables, drawn_rows(predictor, request.task)]
    found = checked(model, predictor, tables, any_task=any_task, interval=request.interval)
    unit = "of a probability" if predictor.schema.classes else "standard deviations of the target"
    inputs = wanted_inputs(predictor.schema, any_task=any_task)
    given = ", ".join(f"{each.name} ({each.kind})" for each in inputs if each.required)
    optional = ", ".join(f"{each.name} ({each.kind})" for each in inputs if not each.required)
    said = special({each.name: meaning_of_input(predictor.schema, each) for each in inputs})
    rest = f"; of tasks never seen also {optional}, which a session lists as initializers that can be overridden"
    return Written(
        model.SerializeToString(),
        (
            f"ONNX, opset {OPSET} and ai.onnx.ml {OPSET_ML}, {in_words(size)}.",
            f"Inputs, (rows, 1) each: {given}{rest if optional else ''}.",
            "Text counts as it is spelt: give it as in training, without blanks around it.",
            *filter(None, [said]),
            *_of_intervals(request),
            f"ONNX Runtime differs by {found.difference:.1g} {unit} at most, on {found.rows:,} rows.",
            f"It takes {found.row_microseconds:,.0f} microseconds for a row, "
            f"{found.thousand_microseconds:.3g} a row for a thousand.",
        ),
    )


def _of_intervals(request: Request) -> tuple[str, ...]:
    """What there is to say of their outputs."""
    if request.interval is None:
        return ()
    stated = f"Outputs low and high: a number lies between them with a probability of {request.interval:g}"
    nothing = says_nothing_of_new(request.predictor, request.interval) if request.task is None else ""
    intervals = request.predictor.intervals
    if not nothing and request.task is None and intervals is not None and intervals.new_tasks == "estimated":
        return (f"{stated}; of tasks never seen they are {ESTIMATE}.",)
    if not nothing:
        return (f"{stated}.",)
    return (f"{stated}; they are NaN in rows of tasks never seen. {nothing}",)
