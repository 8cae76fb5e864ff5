"""Measure and show what a diffusion model has memorised.

Importing the package costs nothing: torch and diffusers are loaded by the modules that need them.
"""

__version__ = "0.1.0"
