"""Two settings of an extraction against a figure that is measured."""

from collections.abc import Sequence
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from side_core.settings.axis import Axis, read_axis, shown
from side_core.settings.extraction import ExtractSettings
from side_core.settings.sampling import GuidanceSettings, Mode

MetricName = Literal["ams", "ums", "ums-published", "control", "ratio", "effect", "median"]
PLAIN = "none"  # the name of the curve that nothing steers


class SweepSettings(ExtractSettings):
    """One sweep: an extraction again and again with the same seeds, while one or two of its settings vary."""

    x: str = Field(
        title="x",
        description="The setting that varies: guidance-scale=0:50:5 (first:last:step, last included), "
        "steps=10,25,50, or spacing=leading,karras.",
    )
    y: str | None = Field(None, title="y", description="A second one, written alike. Left out: none.")
    metric: MetricName = Field(
        "ams",
        title="Metric",
        description="ams: share of pictures that beat the threshold. ums: different nearest training images, over "
        "pictures. ums-published: the same among all neighbours that beat it. control: ams against the control. "
        "ratio: ams over that. effect: ams steered over plain. median: of the score.",
    )
    surrogates: tuple[str, ...] | None = Field(
        None,
        title="Surrogates",
        description="One curve for each; none is plain sampling. Takes the place of surrogate.",
    )
    minutes: float = Field(
        10.0,
        gt=0,
        le=100_000,
        allow_inf_nan=False,
        title="Minutes",
        description="A sweep that would take longer here is refused before it begins.",
    )
    count: int = Field(64, ge=1, le=1_000_000, title="Images a cell", description="How many to draw for each.")
    mode: Mode = Field(
        "fast",
        title="Arithmetic",
        description="exact: float32, reproducible. fast: half precision where a short probe finds it faster.",
    )
    batch_size: int = Field(
        128, ge=1, le=4096, title="Batch size", description="Images drawn at once; does not change them."
    )

    @field_validator("x", "y")
    @classmethod
    def readable(cls, text: str | None) -> str | None:
        """A setting and its values."""
        if text is not None:
            read_axis(text)
        return text

    @field_validator("surrogates", mode="before")
    @classmethod
    def each_once(cls, value: Any) -> Any:
        """One or more names, no two alike."""
        if isinstance(value, Sequence) and not isinstance(value, str):
            if not value:
                raise ValueError("name one surrogate or more, or leave it out")
            twice = next((name for place, name in enumerate(value) if name in value[:place]), None)
            if twice is not None:
                raise ValueError(f"{twice} is named twice, name each surrogate once")
        return value

    @model_validator(mode="after")
    def steered_by_something(self) -> Self:
        """Guidance needs a surrogate."""
        if self.surrogate is not None and self.surrogates is not None:
            raise ValueError(
                f"surrogate is {self.surrogate} and surrogates are {' '.join(self.surrogates)}: give one of the two"
            )
        if any(curve != PLAIN for curve in self.curves):
            return self
        for name in GuidanceSettings.model_fields:
            flag = name.replace("_", "-")
            if getattr(self, name) is not None:
                raise ValueError(f"{flag} is {getattr(self, name)}, but nothing steers: name a surrogate")
            if any(axis.name == name for axis in self.axes):
                raise ValueError(f"{flag} varies, but nothing steers: name a surrogate")
        return self

    @model_validator(mode="after")
    def guided_by_a_text(self) -> Self:
        """Text guidance needs a prompt."""
        if self.prompt is None and any(axis.name == "text_scale" for axis in self.axes):
            raise ValueError("text-scale varies, but there is no prompt: give one")
        return self

    @model_validator(mode="after")
    def two_settings(self) -> Self:
        """x and y are two different settings, and no other setting contradicts them."""
        names = [axis.name for axis in self.axes]
        if len(names) > len(set(names)):
            raise ValueError(f"x and y are both {self.axes[0].flag}: choose two different settings, or leave y out")
        for one, other in (("threshold", "control_rate"), ("control_rate", "threshold")):
            if one in names and (other in names or getattr(self, other) is not None):
                raise ValueError("threshold and control-rate are two ways to say the same: choose one of the two")
        return self

    @model_validator(mode="after")
    def metric_there_is(self) -> Self:
        """A figure that these scores and curves can have."""
        swept = [axis.values for axis in self.axes if axis.name == "score"]
        scores = swept[0] if swept else (self.score,)
        if self.metric == "ums-published" and "ratio" in scores:
            raise ValueError(
                "metric ums-published looks at all neighbours, but score ratio is about the nearest alone: choose "
                "score nl2 or l2, or metric ums"
            )
        if self.metric == "effect" and PLAIN in self.curves:
            raise ValueError(
                "metric effect compares steered runs with plain sampling: name surrogates, without none among them"
            )
        return self

    @property
    def axes(self) -> tuple[Axis, ...]:
        """x, and y if there is one."""
        return tuple(read_axis(text) for text in (self.x, self.y) if text is not None)

    @property
    def curves(self) -> tuple[str, ...]:
        """What steers each curve; `none` where nothing does."""
        return self.surrogates or (self.surrogate or PLAIN,)

    def cell(self, curve: str, values: Sequence[Any]) -> ExtractSettings:
        """The extraction of one cell: these settings with one value for each axis. A plain one has no guidance.

        Raises:
            ValueError: these values do not go together.
        """
        chosen = self.model_dump(include=set(ExtractSettings.model_fields))
        chosen |= {axis.name: value for axis, value in zip(self.axes, values, strict=True)}
        if curve == PLAIN:
            chosen |= dict.fromkeys(GuidanceSettings.model_fields)
            if self.curves != (PLAIN,):  # then the label is the surrogates' business
                chosen["label"] = None
        chosen |= {"surrogate": None if curve == PLAIN else curve, "compare_plain": self.metric == "effect"}
        return ExtractSettings.read(chosen)

    def words_for(self, values: Sequence[Any]) -> str:
        """One cell's values, as `guidance-scale 10, steps 25`."""
        return ", ".join(f"{axis.flag} {shown(value)}" for axis, value in zip(self.axes, values, strict=True))
