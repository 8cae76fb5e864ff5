"""Commands and their options; those of a settings model have its names, bounds and help texts."""

import argparse
import types
import typing
from collections.abc import Mapping
from typing import Any, Protocol

from pydantic.fields import FieldInfo

from side_core.settings import ExtractSettings, SettingError, Settings


class Command(Protocol):
    """What a file of commands has: what it is for, its options, and what it does; a group has no `run`."""

    @property
    def ABOUT(self) -> str: ...

    def add(self, parser: argparse.ArgumentParser) -> None: ...


_DEVICE = "cpu, cuda or mps (default: the best there is)"


def add_commands(parser: argparse.ArgumentParser, commands: Mapping[str, Command], metavar: str = "WHAT") -> None:
    """Give a parser sub-commands: each a file with ABOUT, `add(parser)` and `run(options)`, or a group.

    Args:
        parser: of the program, or of a group.
        commands: by name.
        metavar: what stands for one of them in the help text.
    """
    kinds = parser.add_subparsers(required=True, metavar=metavar)
    for name, command in commands.items():
        added = kinds.add_parser(name, help=command.ABOUT)
        if hasattr(command, "run"):
            added.set_defaults(run=command.run)
        command.add(added)


def add_device(parser: argparse.ArgumentParser) -> None:
    """Where a command computes."""
    parser.add_argument("--device", default=None, help=_DEVICE)


def add_options(
    parser: argparse.ArgumentParser, settings: type[Settings], leave_out: frozenset[str] = frozenset()
) -> None:
    """Add `--name` for each field. Values stay text: the settings model checks them, with its own sentences."""
    for name, field in settings.model_fields.items():
        if name in leave_out:
            continue
        flag = flag_of(name)
        text = ". ".join(part.rstrip(".") for part in (field.title, field.description) if part).replace("%", "%%")
        if bool in _kinds_of(field):
            default = "" if field.default is None else f" (default: {field.default})"
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text + default)
            continue
        default = "" if field.default is None or field.is_required() else f" (default: {_shown(field.default)})"
        if is_positional(field):
            parser.add_argument(name, nargs="?", default=None, metavar=_placeholder(name, field), help=text + default)
            continue
        many = any(typing.get_origin(kind) is tuple for kind in _kinds_of(field))
        parser.add_argument(
            flag, default=None, nargs="+" if many else None, metavar=_placeholder(name, field), help=text + default
        )


def is_positional(field: FieldInfo) -> bool:
    """Whether a field is said by its place, without an option: what a command does, where it does one of several."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("positional"))


def flag_of(name: str) -> str:
    """The option of a field."""
    return "--" + name.replace("_", "-")


def with_option(error: ValueError) -> str:
    """A mistake as the command line says it: with the option of the setting that mends it."""
    return error.placed(flag_of(error.setting)) if isinstance(error, SettingError) else str(error)


def _placeholder(name: str, field: FieldInfo) -> str:
    """What stands for the value in the help text: the choices, or the name in capitals."""
    for kind in _kinds_of(field):
        if typing.get_origin(kind) is typing.Literal:
            return "|".join(typing.get_args(kind))
    return name.split("_")[-1].upper()


def _kinds_of(field: FieldInfo) -> tuple[Any, ...]:
    """The types a field may have."""
    several = typing.get_origin(field.annotation) in (types.UnionType, typing.Union)  # the latter of Literal | None
    return typing.get_args(field.annotation) if several else (field.annotation,)


def _shown(default: Any) -> str:
    """A default value as it is typed on the command line."""
    return " ".join(map(str, default)) if isinstance(default, tuple) else str(default)


def given(arguments: argparse.Namespace, settings: type[Settings]) -> dict[str, Any]:
    """The options that were given, ready for `settings.read`."""
    values = {name: getattr(arguments, name, None) for name in settings.model_fields}
    return {name: value for name, value in values.items() if value is not None}


def add_history(parser: argparse.ArgumentParser, more: str = "") -> None:
    """Whether the run is noted where the app's page History finds it; `more`: what else that does."""
    parser.add_argument(
        "--history",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="also keep the run in the workspace (SIDE_WORKSPACE, or what `runs folder` says), where History lists it"
        + more,
    )


def add_subject(parser: argparse.ArgumentParser) -> None:
    """The options that name a model, its training images and its control."""
    for name in ("model", "data", "control"):
        parser.add_argument(f"--{name}", required=name == "model", help=ExtractSettings.model_fields[name].description)
