"""What a result depends on, as short names: collected from what run.json says, for files that leave the app."""

from collections.abc import Mapping
from typing import Any

KINDS = ("model", "arithmetic", "surrogate", "samples", "data", "control", "encoder")


def fingerprints_of(summary: Mapping[str, Any]) -> dict[str, str]:
    """Fingerprints by what they are of, as far as a summary has them; anything else in it is passed over.

    Args:
        summary: what run.json says.
    """
    found = {}
    for kind in KINDS:
        part = summary.get(kind)
        value = part.get("fingerprint") if isinstance(part, Mapping) else part
        if isinstance(value, str) and value.isprintable() and 0 < len(value) <= 128:
            found[kind] = value
    return found
