"""Where randomness comes from: seeds that follow from the search's seed and from what they are for."""

import hashlib


def derive_seed(*parts: object) -> int:
    """A seed that depends on all the parts and on nothing else: the same in every process."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
