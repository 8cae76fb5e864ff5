"""The methods, in the order of the navigation: a new one is its own files and one line here, see docs/."""

from side_core.method import Method
from side_core.sweep.method import SWEEP

METHODS: dict[str, Method] = {method.name: method for method in (SWEEP,)}
