"""A setting for the Jupyter server: send kernel messages at once.

The server leaves Nagle's algorithm on: a small message then waits for the acknowledgement of the one
before it, up to 40 ms. Labs work without this setting and answer faster with it. To use it:

    jupyter lab --ServerApp.kernel_websocket_connection_class=dpwidgets.server_nodelay.PromptConnection
"""

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """The server's own connection between a browser and a kernel, with TCP_NODELAY."""

    def connect(self) -> Any:
        self.websocket_handler.set_nodelay(True)
        return super().connect()
