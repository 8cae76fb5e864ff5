"""What a method may need of a model, and a model may have."""

from collections.abc import Mapping
from typing import Literal

Ability = Literal["gradients", "text", "empty prompt", "attention", "feed-forward"]
ABILITIES: Mapping[Ability, str] = {  # a model that ...
    "gradients": "is a network, so that its prediction has gradients",
    "text": "reads prompts",
    "empty prompt": "also draws from an empty prompt",
    "attention": "attends to its prompt",
    "feed-forward": "has feed-forward layers behind its attention",
}
