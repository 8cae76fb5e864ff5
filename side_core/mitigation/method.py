"""Mitigation as a method: the entry of the registry."""

from side_core.method import Method
from side_core.settings.mitigation import MitigationSettings

MITIGATION = Method(
    name="mitigation",
    title="Mitigation",
    icon="healing",
    about="what helps against copies, and what it costs: a prompt without and with a method, or a search for triggers",
    settings=MitigationSettings,
    counted="rounds",
    module="side_core.mitigation.job",
    example={"prompt": "portrait of Ada Albers, long hair", "count": 2, "steps": 3},
    needs=frozenset({"text", "empty prompt", "gradients"}),
    patience=frozenset({"minutes"}),
    pictures={"mitigation.png": "Pictures without, with, and the nearest training pictures; or the chart of copies"},
)
