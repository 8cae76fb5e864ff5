"""Sweep: one or two settings vary, the seeds stay; how much comes back, with intervals and the control beside it."""

from pages._parts.method_page import MethodPage, show_page
from pages._parts.sweep.inputs import ask
from pages._parts.sweep.opening import job_for
from pages._parts.sweep.results import show
from side_core.methods import METHODS
from side_core.sweep.measure import measure

show_page(
    MethodPage(
        METHODS["sweep"],
        "Which settings bring most back?",
        "One or two settings vary, the **seeds stay the same**: each point is one extraction, with its 95 % interval, "
        "and the same pictures against the **control**. What is not varied here is as the sidebar and the surrogate's "
        "card say.",
        ask,
        job_for,
        show,
        code=(measure,),
    )
)
