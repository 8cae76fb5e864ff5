"""A session without a browser: it speaks to the server as the app's own page does, and draws nothing itself."""

import time
from dataclasses import dataclass
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from soak.server import Server

ERROR = 1  # kind of an alert, as Streamlit numbers them


@dataclass(frozen=True)
class Visit:
    """What one run of the first page's script has shown.

    Attributes:
        seconds: from asking for it until it ended.
        shown: whether there are pictures, and no error box.
        waits: whether the page asks before it draws.
    """

    seconds: float
    shown: bool
    waits: bool


class Client:
    """A session at a server, to be entered as a context."""

    def __init__(self, server: Server):
        self.address = server.address.replace("http", "ws", 1) + "/_stcore/stream"
        self.widgets: dict[str, str] = {}  # the page's number inputs, by their names in a link

    async def __aenter__(self) -> "Client":
        self.connection = await connect(
            self.address, subprotocols=[Subprotocol("streamlit")], max_size=None, ping_interval=None
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.connection.close()

    async def visit(self, seed: int) -> Visit:
        """Open the page at a seed, or move its seed there; until its script has ended."""
        start, asking = time.monotonic(), BackMsg()
        asking.rerun_script.query_string = urlencode({"seed": seed})
        if "seed" in self.widgets:
            asking.rerun_script.widget_states.widgets.add(id=self.widgets["seed"], double_value=seed)
        await self.connection.send(asking.SerializeToString())
        texts: list[str] = []
        errors = waits = 0
        while True:
            message = ForwardMsg.FromString(await self.connection.recv())
            if message.WhichOneof("type") == "script_finished":
                if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    continue
                break
            element = message.delta.new_element
            kind = element.WhichOneof("type")
            if kind == "number_input":
                self.widgets[element.number_input.id.rsplit("-", 1)[1]] = element.number_input.id
            elif kind == "html":
                texts.append(element.html.body)
            elif kind == "button":
                waits += element.button.label == "Draw them"
            errors += kind == "exception" or (kind == "alert" and element.alert.format == ERROR)
        shown = not errors and any(f"seed {seed}" in text for text in texts)
        return Visit(time.monotonic() - start, shown, bool(waits))
