"""Theory, measured: how far a model is from its training pictures, and how much noise a picture can stand."""

from pages._parts.method_page import MethodPage, show_page
from pages._parts.theory.inputs import ask, job_for
from pages._parts.theory.results import show
from side_core.methods import METHODS
from side_core.theory.path import mismatch, path_integral

show_page(
    MethodPage(
        METHODS["theory"],
        "How much is memorised, and when?",
        "Four experiments: how far a model is from its training pictures, what labels do to that, when copying turns "
        "into inventing, and how much noise a picture can stand; each beside a **control** that no model saw.",
        ask,
        job_for,
        show,
        code=(mismatch, path_integral),
    )
)
