"""The last step: a surrogate is saved into a folder or downloaded; which are there; where it leads on."""

import io
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

import streamlit as st

from pages._parts.links import checks, notices
from pages._parts.show.text import plain
from side_core.files.assets import SURROGATES
from side_core.files.public import is_public
from side_core.runs.exchange.places import names_in
from side_core.settings.sweep import PLAIN
from side_core.surrogate.folder import CARD, load_surrogate, save_surrogate, surrogate_folder
from side_core.surrogate.surrogate import Surrogate

HOME = Path("runs") / "surrogates"


def known_surrogates(model: str) -> list[str]:
    """Those that are shipped and those that were saved here; that of the model first."""
    shipped = [name for name, folder in SURROGATES.items() if (folder / CARD).is_file()]
    own = [] if is_public() else sorted(str(card.parent) for card in HOME.glob(f"*/{CARD}"))
    return sorted([*shipped, *own], key=lambda name: name != model)


def choose_surrogate(title: str, key: str, known: list[str], first: int = 0, fallback: str | None = None) -> str:
    """A list to choose from that also takes a folder; a link's own value joins it. Empty where nothing is chosen.

    Args:
        title: of the list.
        key: its name in the URL.
        known: what is offered.
        first: which of it is chosen first.
        fallback: what takes the place of one that a link names and that there is none of; left out: the first.
    """
    if known:
        checks.opened(key, title, known[min(first, len(known) - 1)], check_linked, fallback=fallback)
    linked = [value for value in (st.query_params.get(key), st.session_state.get(key)) if value]
    options = list(dict.fromkeys([*known, *linked]))
    chosen = st.selectbox(
        title,
        options,
        index=min(first, len(options) - 1) if options else None,
        key=key,
        bind="query-params",
        accept_new_options=True,
        placeholder="A folder made by train surrogate",
        help="A built-in name, or a folder made here or by train surrogate.",
    )
    return str(chosen or "")


def check_linked(name: str) -> None:
    """Raise ValueError where a link names a surrogate that there is none of, or that of a model that cannot be used."""
    if name == PLAIN:
        return
    if notices.replaced("model"):
        raise ValueError("It goes with that model.")
    surrogate_folder(name)


def offer_saving(model: str, surrogate: Surrogate) -> None:
    """A folder to save into and what to do next; in a public app a download instead.

    Raises:
        ValueError: the folder cannot be used.
    """
    name = f"{Path(model).name}-{len(surrogate.kept)}-of-{len(surrogate.cohesion)}"
    if is_public():
        st.caption(
            "This app is public and saves nothing: download the surrogate and steer with it on your own machine."
        )
        _offer_download(surrogate, name)
        return
    wanted = st.text_input("Folder", str(HOME / name), key=f"save-{surrogate.fingerprint[:12]}").strip()
    with st.container(horizontal=True):
        if st.button("Save", icon=":material/save:", type="primary"):
            save(surrogate, wanted)
            st.session_state["saved"] = (surrogate.fingerprint, wanted)
        _offer_download(surrogate, name)
    fingerprint, folder = st.session_state.get("saved") or ("", "")
    if fingerprint == surrogate.fingerprint:
        st.success(f"Saved in {plain(str(Path(folder).expanduser().absolute()))}", icon=":material/check:")
        offer_steering(model, folder)


def save(surrogate: Surrogate, wanted: str) -> None:
    """Write a surrogate into a folder that is new, empty, or holds this very one.

    Raises:
        ValueError: no folder was named, something else is there, or it cannot be written.
    """
    if not wanted:
        raise ValueError(f"No folder is named: choose one, for example {HOME / 'first'}.")
    try:
        folder = Path(wanted).expanduser()
        taken = folder.is_dir() and any(folder.iterdir())
    except (OSError, RuntimeError) as error:
        raise ValueError(f"Folder '{wanted}' cannot be used ({error}): choose another one.") from None
    if taken and not _holds(wanted, surrogate):
        raise ValueError(f"Folder '{wanted}' holds something else already: choose another one.")
    save_surrogate(surrogate, folder)


def _holds(folder: str, surrogate: Surrogate) -> bool:
    """Whether this very surrogate is there."""
    try:
        return load_surrogate(folder).fingerprint == surrogate.fingerprint
    except ValueError:
        return False


def _offer_download(surrogate: Surrogate, name: str) -> None:
    """The surrogate's folder as one file, made when asked for."""
    st.download_button(
        "Download as zip",
        lambda: zipped(surrogate, name),
        f"{name}.zip",
        "application/zip",
        icon=":material/download:",
        on_click="ignore",
    )


def zipped(surrogate: Surrogate, name: str) -> bytes:
    """A zip file with the surrogate's folder; its card names no place of this machine."""
    surrogate = replace(surrogate, card=names_in(surrogate.card).value(surrogate.card))
    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        save_surrogate(surrogate, Path(folder))
        for file in sorted(Path(folder).iterdir()):
            archive.write(file, f"{name}/{file.name}")
    return buffer.getvalue()


def offer_steering(model: str, surrogate: str) -> None:
    """Lead on to Extract with this model and surrogate."""
    if st.button("Steer with it on Extract", icon=":material/image_search:", type="primary"):
        st.switch_page("extract.py", query_params={"model": model, "surrogate": surrogate})
