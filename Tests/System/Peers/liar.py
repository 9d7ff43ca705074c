"""A peer with the right token that lies: between a worker and its coordinator, or as a worker of its own.

Between the two it passes on what they say, so that it gets as far as an honest process does, and says some of it wrong or
adds what nobody said. `Tests/System/liar.sh` starts it; by hand:

  liar.py --to HOST:PORT --token-file F --listen PORT[,PORT…] [--toward worker] [--bots] [--book FILE]
"""
import argparse
import asyncio
import json
import random
import signal
import time
import traceback

import lies
import wire


class Book:
    """Which lies there are, which have been told, and what honest messages look like."""

    def __init__(self, path, seed, checkable, chains):
        self.random = random.Random(seed)
        self.path = path
        self.templates, self.in_place, self.added, self.floods = {}, {}, {}, 0
        self.queue = lies.all_lies(checkable, chains)
        self.random.shuffle(self.queue)
        self.total = len(self.queue)
        self.flood_queue = lies.floods()
        self.random.shuffle(self.flood_queue)
        self.log = open(path + ".lies", "w", buffering=1)

    def next(self, kinds=None):
        """The lie that waits longest, of these kinds where any are named."""
        for index, lie in enumerate(self.queue):
            if kinds is None or lie.kind in kinds:
                self.queue.append(self.queue.pop(index))
                return lie
        return self.next()

    def next_flood(self):
        self.flood_queue.append(self.flood_queue.pop(0))
        return self.flood_queue[-1]

    def saw(self, frame):
        self.templates[frame.kind] = frame

    def template(self, kind, view):
        frame = self.templates.get(kind)
        return wire.Frame(frame.number, view, frame.payload) if frame else wire.Frame.of(kind, view)

    def told(self, who, lie, in_place):
        """Notes a lie before it is sent: a crash is due to the last lines of this log."""
        counts = self.in_place if in_place else self.added
        counts[str(lie)] = counts.get(str(lie), 0) + 1
        self.log.write(f"{time.time():.3f} {who} {'changes' if in_place else 'adds'} {lie}\n")

    def close(self):
        both = set(self.in_place) | set(self.added)
        with open(self.path, "w") as file:
            json.dump(
                {
                    "lies": self.total, "told": len(both), "in place": len(self.in_place),
                    "times": sum(self.in_place.values()) + sum(self.added.values()), "floods": self.floods,
                }, file)


class Between:
    """One connection of a worker to its coordinator, through this process."""

    def __init__(self, book, token, to, toward, name):
        self.book, self.token, self.to, self.toward, self.name = book, token, to, toward, name
        self.view, self.began = 0, time.monotonic()
        self.pending = []

    async def serve(self, reader, writer):
        worker = coordinator = None
        try:
            worker = wire.Stream(reader, writer)
            await asyncio.wait_for(wire.admit(worker, self.token), 10)
            coordinator = wire.Stream(*await asyncio.open_connection(*self.to))
            await asyncio.wait_for(wire.introduce(coordinator, self.token), 10)
            self.began = time.monotonic()
            self.plan()
            tasks = [
                asyncio.create_task(self.pump(worker, coordinator, self.toward == "coordinator")),
                asyncio.create_task(self.pump(coordinator, worker, self.toward == "worker")),
                asyncio.create_task(self.add(coordinator if self.toward == "coordinator" else worker)),
            ]
            done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.cancel()
            for outcome in await asyncio.gather(*done, *rest, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, (OSError, EOFError)):
                    traceback.print_exception(outcome)  # a defect of the liar's own
        except (OSError, EOFError, asyncio.TimeoutError):
            pass
        finally:
            for stream in (worker, coordinator):
                if stream:
                    stream.close()

    def plan(self):
        """Chooses the next few lies. Each replaces a message of its kind that passes by; if none does in time, it is added."""
        now = time.monotonic()
        self.pending = [(self.book.next(), now + self.book.random.uniform(0.2, 3)) for _ in range(3)]

    async def pump(self, source, target, lying):
        while True:
            frame = await source.receive()
            if frame.view:
                self.view = frame.view
            self.book.saw(frame)
            if lying:
                for index, (lie, _) in enumerate(self.pending):
                    if lie.kind == frame.kind:
                        self.pending.pop(index)
                        self.book.told(self.name, lie, True)
                        frame = lie.tell(frame)
                        break
            await target.send(frame)

    async def add(self, target):
        while True:
            await asyncio.sleep(0.05)
            now = time.monotonic()
            for lie, due in [entry for entry in self.pending if entry[1] <= now]:
                self.pending.remove((lie, due))
                self.book.told(self.name, lie, False)
                await target.send(lie.tell(self.book.template(lie.kind, self.view)))
            if not self.pending:
                if self.book.random.random() < 0.1:
                    await flood(self.book, self.name, target, self.view)
                await asyncio.sleep(0.3)
                self.plan()


async def flood(book, name, target, view, count=4000):
    """One field counted up, message by message."""
    lie = book.next_flood()
    book.floods += 1
    book.told(name, lie, False)
    template = book.template(lie.kind, view)
    start = book.random.choice([0, 1000, 2**31, 2**63])
    for number in range(count):
        await target.send(lies.flood_frame(lie, template, start + number))


async def bot(book, token, to, number):
    """A worker that computes nothing: it is welcomed, lies, and goes."""
    name = f"bot {number}"
    stream = wire.Stream(*await asyncio.open_connection(*to))
    try:
        style = book.random.random()
        if style < 0.05:  # before it has proven anything
            lie = book.next({"challenge", "proof"})
            book.told(name, lie, False)
            await stream.send(lie.tell(book.template(lie.kind, 0)))
            await asyncio.wait_for(stream.receive(), 1)
            return
        await asyncio.wait_for(wire.introduce(stream, token), 10)
        hello = book.templates.get("hello")
        if hello is None:
            return
        # The bot is another process than the worker whose hello this was.
        values = {field.name for field in wire.SCHEMA["Hello"]}
        fields = [item for item in wire.decode(hello.payload) if item[0] == wire.field_of("Hello", "host").number
                  or wire.SCHEMA["Hello"][0].number < item[0] < wire.field_of("Hello", "run").number]
        payload = wire.encode(fields) + wire.build("Hello", pid=book.random.randrange(1, 2**31))
        if "process" in values:
            field = wire.field_of("Hello", "process")
            value = book.random.randbytes(16) if wire.wire_type(field) == 2 else book.random.getrandbits(63)
            payload += wire.encode([(field.number, wire.wire_type(field), value)])
        greeting = wire.Frame.of("hello", 0, payload)
        if style < 0.3:
            lie = book.next({"hello"})
            book.told(name, lie, True)
            greeting = lie.tell(greeting)
        await stream.send(greeting)
        welcome = await asyncio.wait_for(stream.receive(), 2)
        if welcome.kind != "welcome":
            return
        if style > 0.985 and "ready" in book.templates:  # it says that it can take part
            book.told(name, lies.Lie("ready", [], "though it is not", None), False)
            await stream.send(book.template("ready", 0))
        if style > 0.95:
            await flood(book, name, stream, 0)
        for _ in range(book.random.randrange(1, 6)):
            lie = book.next()
            book.told(name, lie, False)
            await stream.send(lie.tell(book.template(lie.kind, welcome.view)))
            await asyncio.sleep(book.random.uniform(0, 0.2))
        await asyncio.wait_for(stream.reader.read(1 << 20), 0.5)
    finally:
        stream.close()


async def bots(book, token, to):
    number = 0
    while True:
        number += 1
        try:
            await asyncio.wait_for(bot(book, token, to, number), 15)
        except (OSError, EOFError, asyncio.TimeoutError, wire.struct.error, IndexError):
            pass
        await asyncio.sleep(0.1)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--to", required=True)
    parser.add_argument("--token-file")
    parser.add_argument("--listen", default="")
    parser.add_argument("--toward", choices=["coordinator", "worker"], default="coordinator")
    parser.add_argument("--bots", action="store_true")
    parser.add_argument("--chains", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--book", required=True)
    options = parser.parse_args()
    host, port = options.to.rsplit(":", 1)
    to = (host, int(port))
    token = open(options.token_file).read() if options.token_file else ""
    book = Book(options.book, options.seed, checkable=options.toward == "coordinator", chains=options.chains or options.toward == "worker")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    connections = 0

    async def serve(reader, writer):
        nonlocal connections
        connections += 1
        name = f"port {writer.get_extra_info('sockname')[1]} connection {connections}"
        await Between(book, token, to, options.toward, name).serve(reader, writer)

    servers = [
        await asyncio.start_server(serve, "127.0.0.1", int(port), limit=1 << 24)
        for port in options.listen.split(",") if port
    ]
    work = asyncio.create_task(bots(book, token, to)) if options.bots else None
    print("ready", flush=True)
    await stop.wait()
    if work:
        work.cancel()
    for server in servers:
        server.close()
    book.close()


if __name__ == "__main__":
    asyncio.run(main())
