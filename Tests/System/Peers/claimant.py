"""A worker that claims a state far ahead of everybody's, sends heartbeats, and never says that it is ready: `claimant.py HOST:PORT LOCKSTEP
TOKEN-FILE`. It comes again whenever it is sent away. It learns what an honest hello looks like from a worker that it starts."""
import asyncio
import sys

import wire

FAR_AHEAD = 3_000_000


async def honest_hello(lockstep, token_file, token):
    """What a worker of this build says of itself."""
    heard = asyncio.get_running_loop().create_future()

    async def serve(reader, writer):
        stream = wire.Stream(reader, writer)
        await wire.admit(stream, token)
        heard.set_result((await stream.receive()).payload)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    worker = await asyncio.create_subprocess_exec(
        lockstep, "worker", "--coordinator", f"127.0.0.1:{port}", "--token-file", token_file, "--threads", "1",
        stderr=asyncio.subprocess.DEVNULL)  # fmt: skip
    try:
        return await asyncio.wait_for(heard, 20)
    finally:
        worker.kill()
        await worker.wait()
        server.close()


def claiming(hello, known):
    """The hello of another process that knows the run and claims to be further on than anybody."""
    fields = {field.name: field for field in wire.SCHEMA["Hello"]}
    words = dict(known, host="claimant", pid=4711)
    if "process" in fields:
        words["process"] = b"claimant-process" if wire.wire_type(fields["process"]) == 2 else 4711
    replaced = {fields[name].number for name in words}
    rest = [item for item in wire.decode(hello) if item[0] not in replaced]
    return wire.Frame.of("hello", 0, wire.encode(rest) + wire.build("Hello", **words))


async def beat(stream):
    work = 0
    while True:
        work += 1000
        await stream.send(wire.Frame.of("heartbeat", 0, wire.build("Heartbeat", work=work, applied=FAR_AHEAD, contributed=FAR_AHEAD)))
        await asyncio.sleep(1)


async def once(address, token, hello, known):
    stream = wire.Stream(*await asyncio.open_connection(*address))
    beating = None
    try:
        await wire.introduce(stream, token)
        await stream.send(claiming(hello, known))
        while True:
            frame = await stream.receive()
            if frame.kind == "welcome" and not known:
                welcome = wire.read("Welcome", frame.payload)
                shared = {"run", "generation", "generation_name"} & set(welcome) & {field.name for field in wire.SCHEMA["Hello"]}
                known.update({name: welcome[name] for name in shared})
                known["position"] = wire.build("Position", applied=FAR_AHEAD, chain=1, holds_sum=1)
                return
            if frame.kind == "welcome":
                beating = asyncio.create_task(beat(stream))
                print("is in, with a claim", flush=True)
            elif frame.kind == "refuse":
                print("refused:", ascii(wire.read("Refusal", frame.payload)["reason"].decode(errors="replace")), flush=True)
                return
    finally:
        if beating:
            beating.cancel()
        stream.close()


async def main():
    address, lockstep, token_file = sys.argv[1:]
    host, port = address.rsplit(":", 1)
    token = open(token_file).read()
    hello, known = await honest_hello(lockstep, token_file, token), {}
    while True:
        try:
            await once((host, int(port)), token, hello, known)
        except (OSError, EOFError) as error:
            print("sent away:", repr(error), flush=True)
        await asyncio.sleep(0.5)


asyncio.run(main())
