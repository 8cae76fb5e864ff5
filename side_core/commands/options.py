"""Command-line options made from a settings model: names, bounds and help texts stand in one place."""

import argparse
import types
import typing
from typing import Any

from pydantic.fields import FieldInfo

from side_core.settings import Settings


def add_options(
    parser: argparse.ArgumentParser, settings: type[Settings], leave_out: frozenset[str] = frozenset()
) -> None:
    """Add `--name` for each field. Values stay text: the settings model checks them, with its own sentences."""
    for name, field in settings.model_fields.items():
        if name in leave_out:
            continue
        flag = "--" + name.replace("_", "-")
        text = ". ".join(part.rstrip(".") for part in (field.title, field.description) if part).replace("%", "%%")
        if bool in kinds_of(field):
            default = "" if field.default is None else f" (default: {field.default})"
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text + default)
            continue
        default = "" if field.default is None or field.is_required() else f" (default: {shown(field.default)})"
        many = any(typing.get_origin(kind) is tuple for kind in kinds_of(field))
        parser.add_argument(
            flag, default=None, nargs="+" if many else None, metavar=placeholder(name, field), help=text + default
        )


def placeholder(name: str, field: FieldInfo) -> str:
    """What stands for the value in the help text: the choices, or the name in capitals."""
    for kind in kinds_of(field):
        if typing.get_origin(kind) is typing.Literal:
            return "|".join(typing.get_args(kind))
    return name.split("_")[-1].upper()


def kinds_of(field: FieldInfo) -> tuple[Any, ...]:
    """The types a field may have."""
    several = typing.get_origin(field.annotation) in (types.UnionType, typing.Union)  # the latter of Literal | None
    return typing.get_args(field.annotation) if several else (field.annotation,)


def shown(default: Any) -> str:
    """A default value as it is typed on the command line."""
    return " ".join(map(str, default)) if isinstance(default, tuple) else str(default)


def given(arguments: argparse.Namespace, settings: type[Settings]) -> dict[str, Any]:
    """The options that were given, ready for `settings.read`."""
    values = {name: getattr(arguments, name, None) for name in settings.model_fields}
    return {name: value for name, value in values.items() if value is not None}
