"""Which types beyond skops' own defaults a stored classical model may hold."""

TRUSTED: tuple[str, ...] = ()
"""None: every classical model's `state` consists of JSON-like values and plain numeric arrays only, so that
`skops.io.loads(stored, trusted=TRUSTED)` constructs no estimator and no function found in a file."""
