"""A name for a network that changes with every weight, and with nothing else but how it is used."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def network_digest(network: Any, use: object, more: bytes = b"", config: Mapping[str, Any] | None = None) -> str:
    """SHA-256 over a network's configuration and weights (as loaded: half and full precision files differ).

    Args:
        network: the network.
        use: how it is used, as JSON: its prediction, its scaling.
        more: what else its results depend on: the noise schedule.
        config: left out: diffusers' own, without entries that begin with `_`.
    """
    if config is None:
        config = {key: value for key, value in network.config.items() if not key.startswith("_")}
    digest = hashlib.sha256(json.dumps([config, use], sort_keys=True, default=str).encode())
    digest.update(more)
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().float().contiguous().numpy().data)
    return digest.hexdigest()
