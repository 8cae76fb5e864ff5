"""Untrained text-to-image folders, saved once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from side_core.dpm.folder import open_denoiser
from side_core.dpm.text.denoiser import TextDenoiser, need_text
from tests.dpm.text.small_folders import save_small

KINDS = ("sd1", "sd2")


@pytest.fixture(scope="session")
def text_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of one kind; not to be changed."""
    folders = {kind: save_small(tmp_path_factory.mktemp(kind), kind) for kind in KINDS}
    return lambda kind="sd1": folders[kind]


@pytest.fixture(scope="session")
def text_model(text_folder: Callable[[str], Path]) -> Callable[[str], TextDenoiser]:
    """The model of one kind; not to be changed."""
    models = {kind: need_text(open_denoiser(str(text_folder(kind)))) for kind in KINDS}
    return lambda kind="sd1": models[kind]
