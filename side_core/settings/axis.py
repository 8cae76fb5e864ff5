"""One setting and the values it takes in a sweep, from text such as `guidance-scale=0:50:5` or `steps=10,25,50`."""

from _decimal import Decimal, InvalidOperation
from dataclasses import dataclass
from typing import Literal, get_args, get_origin

from side_core.settings.base import Settings
from side_core.settings.extraction import MatchSettings
from side_core.settings.sampling import GuidanceSettings, SamplingSettings

Value = int | float | str

_OWNERS: tuple[type[Settings], ...] = (GuidanceSettings, SamplingSettings, MatchSettings)
# How many images there are, how they are batched, computed and looked at, and what of, is the same in all cells.
_FIXED = ("count", "batch_size", "mode", "prompt", "data", "control", "encoder_weights", "mirror", "align")
SWEEPABLE: dict[str, type[Settings]] = {
    name: owner for owner in _OWNERS for name in owner.model_fields if name not in _FIXED
}
_MOST_VALUES = 200
_LARGEST = Decimal(10**9)  # of a number in a range; the setting's own bounds are narrower


@dataclass(frozen=True)
class Axis:
    """A setting with the values it takes.

    Attributes:
        name: of the field.
        values: two or more different ones as a rule; numbers of the field's own type, or choices.
    """

    name: str
    values: tuple[Value, ...]

    @property
    def flag(self) -> str:
        """Its name on the command line."""
        return self.name.replace("_", "-")

    @property
    def title(self) -> str:
        """Its name for people."""
        return str(SWEEPABLE[self.name].model_fields[self.name].title)

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers."""
        return all(not isinstance(value, str) for value in self.values)

    @property
    def steers(self) -> bool:
        """Whether it means nothing without a surrogate."""
        return SWEEPABLE[self.name] is GuidanceSettings

    def __str__(self) -> str:
        return f"{self.flag}={','.join(map(shown, self.values))}"


def shown(value: Value) -> str:
    """A value as it is typed."""
    return value if isinstance(value, str) else f"{value:.10g}"


def choices(name: str) -> tuple[str, ...]:
    """What a sweepable setting lets choose from; empty where it takes numbers."""
    annotation = SWEEPABLE[name].model_fields[name].annotation
    kinds = [annotation, *get_args(annotation)]
    words = [word for kind in kinds if get_origin(kind) is Literal for word in get_args(kind)]
    return tuple(dict.fromkeys(words))


def read_axis(text: str) -> Axis:
    """The axis that `name=first:last:step` (last included) or `name=value,value,...` says.

    Raises:
        ValueError: there is no such setting, the range is empty, reversed or too fine, or a value is out of bounds.
            The sentence begins in lower case and has no full stop, as those of settings do.
    """
    flag, equals, spec = text.strip().partition("=")
    flag, spec = flag.strip().removeprefix("--"), spec.strip()
    name = flag.replace("-", "_")
    if name not in SWEEPABLE:
        known = ", ".join(field.replace("_", "-") for field in SWEEPABLE)
        raise ValueError(f"there is no setting '{flag}' to sweep, choose one of {known}")
    if not equals or not spec:
        raise ValueError(f"it names no values, write for example {example(name)}")
    words = _range_of(name, spec) if ":" in spec else [word.strip() for word in spec.split(",")]
    if len(words) > _MOST_VALUES:
        raise ValueError(f"these are {len(words):,} values, name {_MOST_VALUES} or fewer")
    values = tuple(_value_of(name, word) for word in words)
    twice = next((value for place, value in enumerate(values) if value in values[:place]), None)
    if twice is not None:
        raise ValueError(f"the value {shown(twice)} is named twice, name each once")
    return Axis(name, values)


def example(name: str) -> str:
    """How the values of a setting may be written."""
    return f"{name.replace('_', '-')}={','.join(choices(name)[:2]) or 'first:last:step'}"


def _range_of(name: str, spec: str) -> list[str]:
    """The numbers of `first:last:step` as text, in decimal arithmetic: no 0.30000000000000004."""
    parts = spec.split(":")
    if len(parts) != 3:
        raise ValueError(f"the range '{spec}' has {len(parts)} numbers, write first:last:step, for example 0:50:5")
    first, last, step = (_decimal(part, spec) for part in parts)
    if step == 0:
        raise ValueError(f"the step of '{spec}' is 0, choose more")
    if step < 0 or last < first:
        raise ValueError(f"the range '{spec}' runs backwards, put the smaller number first and a step above 0")
    if choices(name) and name != "label":
        raise ValueError(f"{name.replace('_', '-')} takes no numbers, write for example {example(name)}")
    count = int((last - first) / step) + 1
    if count > _MOST_VALUES:
        raise ValueError(f"the range '{spec}' has {count:,} values, {_MOST_VALUES} or fewer are drawn: widen the step")
    return [format(first + number * step, "f") for number in range(count)]


def _decimal(text: str, spec: str) -> Decimal:
    """A number of a range."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) > _LARGEST or (number and abs(number) < 1 / _LARGEST):
        raise ValueError(f"'{text.strip()}' of the range '{spec}' is no number that can be used, write first:last:step")
    return number


def _value_of(name: str, text: str) -> Value:
    """A value of the field's own type, within its bounds."""
    if not text:
        raise ValueError("a value before or after a comma is missing, leave the comma out")
    try:
        value: Value = getattr(SWEEPABLE[name].read({name: text}), name)
    except ValueError as error:
        raise ValueError(str(error).removesuffix(".")) from None
    return value
