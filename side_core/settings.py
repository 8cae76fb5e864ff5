"""Every setting of the project, as frozen models whose bounds make widgets, URL, CLI options and JSON.

The models import neither torch nor diffusers, so that `--help` and the first page need neither.
"""

import hashlib

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Base of all settings: frozen, strict about names, with a digest that names a result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def digest(self) -> str:
        """SHA-256 of the settings' JSON, shortened to 16 characters."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


class TrainDpmSettings(Settings):
    """How a small unconditional pixel DPM is trained from scratch."""

    channels: tuple[int, ...] = Field((64, 128, 128), title="Channels", description="Width of each U-Net level.")
    layers_per_block: int = Field(1, ge=1, le=4, title="Layers a block")
    attention_head_dim: int = Field(32, ge=8, le=128, title="Attention head width")
    beta_schedule: str = Field("squaredcos_cap_v2", title="Beta schedule")
    train_timesteps: int = Field(1000, ge=10, le=4000, title="Timesteps of the noise schedule")
    batch_size: int = Field(64, ge=1, le=4096, title="Batch size")
    learning_rate: float = Field(1e-3, gt=0, le=1e-1, title="Learning rate")
    warmup_steps: int = Field(200, ge=0, title="Steps of linear warm-up")
    decay_fraction: float = Field(0.2, ge=0, le=1, title="Last part of the run in which the learning rate falls to 0")
    gradient_clip: float = Field(1.0, gt=0, title="Largest gradient norm")
    ema_decay: float = Field(0.999, ge=0, lt=1, title="Decay of the averaged weights")
    steps: int | None = Field(None, ge=1, title="Steps", description="Stop after this many steps in all.")
    minutes: float | None = Field(None, gt=0, title="Minutes", description="Stop after this much training time in all.")
    seed: int = Field(0, ge=0, lt=2**31, title="Seed")
    bfloat16: bool = Field(True, title="bfloat16 autocast", description="Faster where the processor has it.")
    compile: bool = Field(False, title="torch.compile", description="About 1.2 x faster; needs a C++ compiler.")
    save_every: int = Field(500, ge=1, title="Steps between checkpoints to resume from")
    keep_every: int | None = Field(None, ge=1, title="Steps between model folders that are kept, to choose from")
