"""The methods, in the order of the navigation: a new one is its own files and one line here, see docs/."""

from side_core.method import Method
from side_core.mitigation.method import MITIGATION
from side_core.settings import Settings
from side_core.sweep.method import SWEEP
from side_core.theory.method import THEORY

METHODS: dict[str, Method] = {method.name: method for method in (SWEEP, THEORY, MITIGATION)}


def method_of(settings: Settings) -> Method | None:
    """The method that settings are of; None of others, such as those of an extraction."""
    return next((method for method in METHODS.values() if type(settings) is method.settings), None)
