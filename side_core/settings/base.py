"""What all settings have in common: frozen, strict, with a digest, and sentences for wrong values."""

import hashlib
from collections.abc import Mapping
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from side_core.settings.former import named_as_before, renamed

_LONGEST = 200  # characters of a value that a sentence repeats


class Settings(BaseModel):
    """Base of all settings: frozen, strict about names, with a digest that names a result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def by_former_names(cls, values: Any) -> Any:
        """Files of versions before open, too."""
        return renamed(cls.__name__, values) if isinstance(values, Mapping) else values

    @model_serializer(mode="wrap")
    def without_what_is_unsaid(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """JSON and digests of settings that do not use a newer field stay as they were before there was one."""
        written: dict[str, Any] = write(self)
        return {name: value for name, value in written.items() if name not in self.unsaid}

    @property
    def unsaid(self) -> frozenset[str]:
        """Fields that are not written, as they say nothing here."""
        return frozenset()

    @property
    def digest(self) -> str:
        """SHA-256 of the settings' JSON, shortened to 16 characters; a new name of a field changes nothing."""
        text = named_as_before(type(self).__name__, self.model_dump_json())
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Make settings from unchecked values.

        Raises:
            ValueError: one sentence that quotes the first bad value and says how to mend it.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise ValueError(sentence(error)) from None


class SettingError(ValueError):
    """A mistake that one setting mends. The sentence names no option and no widget: who shows it adds where that is.

    Attributes:
        setting: the name of the field.
    """

    def __init__(self, sentence: str, setting: str):
        super().__init__(sentence)
        self.setting = setting

    def placed(self, where: str) -> str:
        """The sentence with the place of the setting before its full stop: an option, or the title of a widget."""
        return f"{str(self).removesuffix('.')} ({where})."


def sentence(error: ValidationError) -> str:
    """The first complaint of pydantic as one sentence that quotes the value and says how to mend it."""
    first = error.errors()[0]
    name = "-".join(str(part) for part in first["loc"]).replace("_", "-") or "settings"
    context = first.get("ctx", {}).items()
    limits = {key: f"{limit:.15g}" if isinstance(limit, float) else limit for key, limit in context}
    mend = {
        "greater_than_equal": "choose {ge} or more",
        "less_than_equal": "choose {le} or less",
        "greater_than": "choose more than {gt}",
        "less_than": "choose less than {lt}",
        "literal_error": "choose {expected}",
        "multiple_of": "choose a multiple of {multiple_of}",
        "int_parsing": "give a whole number",
        "int_from_float": "give a whole number",
        "float_parsing": "give a number",
        "finite_number": "give a finite number",
        "string_too_long": "give at most {max_length} characters",
        "extra_forbidden": "there is no such setting, leave it out",
    }.get(first["type"], first["msg"].removeprefix("Value error, "))
    if first["type"] == "missing":
        return f"{name} is missing: give a value."
    if not first["loc"]:  # about several values at once
        return f"{mend[0].upper()}{mend[1:]}."
    return f"{name} cannot be {_shortened(first['input'])}: {mend.format(**limits)}."


def _shortened(value: Any) -> str:
    """A value as it may stand inside a sentence."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
