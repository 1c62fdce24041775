#!/usr/bin/python3
"""aiortc_peer.py - an aiortc peer that is told what to do, one line of JSON at a time.

{"op": "offer"} and {"op": "answer", "sdp"} give {"sdp"}; {"op": "set", "sdp"} takes an answer;
{"op": "candidate", "line", "mid"} takes a candidate; {"op": "echo", "size", "kind"} opens the
channel "echo" if need be, sends one message and compares what comes back; {"op": "close"}.
Every command is answered by one line. Used by run.mjs; knows nothing of signaling.
"""

import asyncio
import hashlib
import json
import sys

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

OPEN_WITHIN = 30
ECHO_WITHIN = 30


def say(answer):
    print(json.dumps(answer), flush=True)


def with_larger_limit(sdp):
    """aiortc names 65536 as its largest message, but takes any size. Say so, to test large ones."""
    return sdp.replace("a=max-message-size:65536", "a=max-message-size:1048576")


def make_message(size, kind):
    """Bytes that depend on their place, or text of as many bytes with two-byte characters."""
    if kind == "text":
        return ("\u00e9" * (size // 2) + "x" * (size % 2)) if size > 1 else "x"
    block = hashlib.sha256(str(size).encode()).digest()
    return (block * (size // len(block) + 1))[:size]


class Peer:
    def __init__(self):
        self.connection = RTCPeerConnection()
        self.channel = None
        self.opened = asyncio.Event()
        self.messages = asyncio.Queue()
        self.others = []
        self.connection.on("datachannel", self.others.append)

    def open_channel(self):
        if self.channel is not None:
            return
        self.channel = self.connection.createDataChannel("echo")
        self.channel.on("open", self.opened.set)
        self.channel.on("message", self.messages.put_nowait)

    async def offer(self, _):
        self.open_channel()
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return {"sdp": with_larger_limit(self.connection.localDescription.sdp)}

    async def answer(self, command):
        await self.connection.setRemoteDescription(RTCSessionDescription(command["sdp"], "offer"))
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        return {"sdp": with_larger_limit(self.connection.localDescription.sdp)}

    async def set(self, command):
        await self.connection.setRemoteDescription(RTCSessionDescription(command["sdp"], "answer"))
        return {}

    async def candidate(self, command):
        candidate = candidate_from_sdp(command["line"].split(":", 1)[1])
        candidate.sdpMid = command["mid"]
        await self.connection.addIceCandidate(candidate)
        return {}

    async def echo(self, command):
        self.open_channel()
        await asyncio.wait_for(self.opened.wait(), OPEN_WITHIN)
        message = make_message(command["size"], command["kind"])
        self.channel.send(message)
        answer = await asyncio.wait_for(self.messages.get(), ECHO_WITHIN)
        return {"equal": answer == message and type(answer) is type(message), "came": len(answer)}


async def main():
    reader = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    peer = Peer()
    while line := await reader.readline():
        command = json.loads(line)
        if command["op"] == "close":
            break
        try:
            say(await getattr(peer, command["op"])(command))
        except Exception as error:  # the runner must hear of every failure
            say({"error": f"{type(error).__name__}: {error}", "state": peer.connection.connectionState})
    await peer.connection.close()
    say({})


asyncio.run(main())
