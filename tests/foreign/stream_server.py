"""A miStudio's stream, by the library such a server uses.

Writes its port on standard output. A line on standard input switches it: `mute` stops the numbers
while the connection stands, `talk` goes on, `old` leaves `metric_type` out and calls the event
`metrics`, `flood` sends without pause, `long` and `vast` send messages of 60 and of 70 KiB. With a certificate and a key it speaks TLS. It ends with its standard input.
"""

import asyncio
import json
import ssl
import sys

import socketio
from aiohttp import web

REST = json.loads(sys.argv[1])
EVERY = 0.2

server = socketio.AsyncServer(async_mode="aiohttp", ping_interval=1, ping_timeout=2)
app = web.Application()
server.attach(app, socketio_path="/ws/socket.io")
mode = "talk"
asked = {}


@server.on("subscribe")
async def subscribe(sid, wish):
    await server.enter_room(sid, wish["channel"])


@server.on("*")
async def other(event, sid, *rest):
    print(f"unexpected {event}", file=sys.stderr, flush=True)


def payload(channel):
    metrics = REST["/api/v1/system/metrics"]["metrics"]
    if channel == "system/cpu":
        return {"percent": 800.0, "count": 16}, "cpu"
    if channel == "system/memory":
        return {"ram": metrics["ram"], "swap": metrics["swap"]}, "memory"
    if channel == "system/disk":
        return dict(metrics["disk_io"]), "disk"
    if channel == "system/network":
        return dict(metrics["network_io"]), "network"
    gpu = dict(REST["/api/v1/system/gpu-metrics/all"]["gpus"][0])
    gpu["temperature"] = 33
    return gpu, "gpu"


async def emit():
    channels = ["cpu", "memory", "disk", "network", "gpu/0"]
    while True:
        await asyncio.sleep(0.001 if mode == "flood" else EVERY)
        if mode == "mute":
            continue
        for name in channels:
            channel = f"system/{name}"
            data, kind = payload(channel)
            data["timestamp"] = "2025-10-22T12:34:56.123456Z"
            data["more"] = "x" * {"long": 60 << 10, "vast": 70 << 10}.get(mode, 0)
            if mode != "old":
                data["metric_type"] = kind
            event = "metrics" if mode == "old" else "system:metrics"
            await server.emit(event, data, room=channel)


async def rest(request):
    path = request.path
    if path == "/asked":
        return web.json_response(asked)
    if path not in REST:
        return web.json_response({"detail": "Not Found"}, status=404)
    asked[path] = asked.get(path, 0) + 1
    return web.json_response(REST[path])


async def obey():
    global mode
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        mode = line.decode().strip()


async def main():
    app.router.add_get("/{path:.*}", rest)
    runner = web.AppRunner(app)
    await runner.setup()
    tls = None
    if len(sys.argv) > 2:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(sys.argv[2], sys.argv[3])
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    emitter = asyncio.create_task(emit())
    await obey()
    emitter.cancel()
    await runner.cleanup()


asyncio.run(main())
