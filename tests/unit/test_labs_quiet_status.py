"""Which kernel states are reported while a lab is at work; in a real kernel."""

from collections.abc import Iterator
from queue import Empty
from typing import Any

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

SECONDS = 60
LAB = """
import torch
from dpwidgets import ImageLab
lab = ImageLab(torch.zeros(1, 3, 32, 32, dtype=torch.uint8), steps=[], tiles=2)
print(lab.model_id)
"""


@pytest.fixture(scope="module")
def client() -> Iterator[BlockingKernelClient]:
    manager, client = start_new_kernel(kernel_name="python3")
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def comm_id(client: BlockingKernelClient) -> str:
    answers = replies(client, client.execute(LAB))
    return next(one["content"]["text"].strip() for one in answers if one["msg_type"] == "stream")


def replies(client: BlockingKernelClient, message_id: str) -> list[dict[str, Any]]:
    """What the kernel tells about a message, up to "idle"."""
    answers = []
    while True:
        try:
            answer = client.get_iopub_msg(timeout=SECONDS)
        except Empty:
            raise AssertionError(f"no 'idle' for {message_id}") from None
        if answer["parent_header"].get("msg_id") == message_id:
            answers.append(answer)
            if answer["content"].get("execution_state") == "idle":
                return answers


def states(client: BlockingKernelClient, kind: str, content: dict[str, Any]) -> list[str]:
    """The states that the kernel reports for a message."""
    message = client.session.msg(kind, content)
    client.shell_channel.send(message)
    answers = replies(client, message["header"]["msg_id"])
    return [one["content"]["execution_state"] for one in answers if one["msg_type"] == "status"]


def test_a_labs_message_is_not_reported_as_busy_but_as_done(
    client: BlockingKernelClient, comm_id: str
) -> None:
    request = {"kind": "params", "client": "page", "request": 1, "moving": True, "params": {"strength": 0.5}}
    data = {"method": "custom", "content": request}
    assert states(client, "comm_msg", {"comm_id": comm_id, "data": data}) == ["idle"]


def test_everything_else_is_reported_as_ever(client: BlockingKernelClient, comm_id: str) -> None:
    other = {"comm_id": "another widget's", "data": {}}
    assert states(client, "comm_msg", other) == ["busy", "idle"]
    assert states(client, "execute_request", {"code": "1", "silent": True}) == ["busy", "idle"]


def test_after_close_the_kernel_is_as_before(client: BlockingKernelClient, comm_id: str) -> None:
    replies(client, client.execute("lab.close()"))
    assert states(client, "comm_msg", {"comm_id": comm_id, "data": {}}) == ["busy", "idle"]
