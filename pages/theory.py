"""Theory, measured: how far a model is from its training pictures, and how much noise a picture can stand."""

from pages._parts.method_page import MethodPage, show_page
from pages._parts.theory.inputs import ask, job_for
from pages._parts.theory.results import show
from side_core.methods import METHODS
from side_core.theory.path import mismatch, path_integral

show_page(
    MethodPage(
        METHODS["theory"],
        "How far is the model from its training pictures?",
        "A model that knows its training pictures by heart takes noise off them as the **ideal denoiser** does, which "
        "has nothing else in mind. The **memorisation divergence** says in nats how far it is from that: small on its "
        "own training pictures, large on a **control** that it never saw.",
        ask,
        job_for,
        show,
        code=(mismatch, path_integral),
    )
)
