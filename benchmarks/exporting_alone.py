"""Predict with an exported file where this package is not: python exporting_alone.py MODEL.onnx ROWS.json > FOUND.json

ROWS.json has a list a column; FOUND.json a list of lists an output.
"""

import json
import sys

import numpy as np
import onnxruntime

DTYPES = {"tensor(double)": np.float64, "tensor(string)": object}


def main() -> None:
    file, rows = sys.argv[1:]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    with open(rows) as stream:
        columns = json.load(stream)
    inputs = [*session.get_inputs(), *session.get_overridable_initializers()]  # the latter: metadata, of new tasks
    given = {each.name: np.array(columns[each.name], dtype=DTYPES[each.type])[:, None] for each in inputs}
    outputs = [each.name for each in session.get_outputs()]
    found = session.run(outputs, given)
    json.dump({name: values.tolist() for name, values in zip(outputs, found, strict=True)}, sys.stdout)


if __name__ == "__main__":
    main()
