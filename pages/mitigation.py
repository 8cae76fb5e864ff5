"""Mitigation: what helps against copies and what it costs, on one prompt; and a search for prompts that need it."""

from pages._parts.method_page import MethodPage, show_page
from pages._parts.mitigation.inputs import ask, job_for
from pages._parts.mitigation.results import show
from side_core.methods import METHODS
from side_core.mitigation.condition import optimised
from side_core.mitigation.treatment import Treatment

show_page(
    MethodPage(
        METHODS["mitigation"],
        "What helps against copies?",
        "The same noise, drawn without and with a method against copies, beside the **training picture** it would copy "
        "and a **control** that no model saw. A method is worth having where the copy dissolves and the prompt is "
        "still fulfilled.",
        ask,
        job_for,
        show,
        code=(Treatment.applied, optimised),
        quick=True,
    )
)
