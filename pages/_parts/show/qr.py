"""A QR code, so that phones open what is on the projector."""

from urllib.parse import urlsplit

import segno
import streamlit as st

_HOME = ("localhost", "127.0.0.1", "::1")


def show_qr(link: str) -> None:
    """A button that opens the code of a link.

    Args:
        link: absolute.
    """
    with st.popover("QR code", icon=":material/qr_code_2:", help="Open this on a phone."):
        try:
            code = segno.make(link, error="l").svg_data_uri(scale=5, border=2, dark="#000000", light="#ffffff")
        except segno.DataOverflowError:
            st.warning("This link is too long for a QR code: change fewer settings.", icon=":material/qr_code_2:")
            return
        st.html(f'<img src="{code}" alt="QR code of the link below" width="240">')
        st.caption(link)
        if urlsplit(link).hostname in _HOME:
            st.warning(
                "This address is that of this machine alone: start the app with --server.address 0.0.0.0 and open it "
                "under the machine's name, then phones of the same network find it.",
                icon=":material/wifi_off:",
            )
