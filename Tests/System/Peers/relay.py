"""A TCP relay that turns bad: `relay.py HOST:PORT TO:PORT FLAG swallow|trickle|flip`. While the file FLAG exists, it
treats what the dialling side sends in one of three manners:

  swallow  nothing is passed on from the next frame's boundary on, though all of it is acknowledged,
  trickle  the same, but the first frames of each connection still pass, so that it always comes up,
  flip     a bit is flipped about every 200 kB, inside the payload of a frame.
"""
import asyncio
import os
import random
import sys

MAGIC = b"LKSG"
HEADER = 64
FRAMES_THAT_PASS = 8


class Boundaries:
    """Finds where frames of a gradient link begin: a hello, then frames that say how long they are."""

    def __init__(self):
        self.rest, self.frames, self.left = b"", 0, 0

    def cut(self, data):
        """Pieces of the data, each with whether a frame begins there, and where its payload does."""
        pieces = []
        data, self.rest = self.rest + data, b""
        while data:
            if self.left:
                piece, data = data[: self.left], data[self.left :]
                self.left -= len(piece)
                pieces.append((piece, False, 0))
                continue
            start = data.find(MAGIC)
            if start > 0 or (start < 0 and len(data) >= len(MAGIC) and self.frames == 0):
                piece, data = (data[:start], data[start:]) if start > 0 else (data, b"")
                pieces.append((piece, False, len(piece)))
            elif len(data) < HEADER:
                self.rest, data = data, b""
            else:
                counts = int.from_bytes(data[6:8], "little") * 4 + int.from_bytes(data[40:42], "little") * 16
                head = HEADER + counts
                self.left = head + int.from_bytes(data[48:52], "little")
                self.frames += 1
                piece, data = data[: self.left], data[self.left :]
                self.left -= len(piece)
                pieces.append((piece, True, head))
        return pieces


async def forward(reader, writer, flag, mode):
    boundaries, swallows, passed, countdown = Boundaries(), False, 0, random.randrange(200_000)
    try:
        while data := await reader.read(1 << 16):
            bad = os.path.exists(flag)
            for piece, begins, payload in boundaries.cut(data):
                if begins:
                    passed += bad
                    swallows = bad and (mode == "swallow" or mode == "trickle" and passed > FRAMES_THAT_PASS)
                if mode == "flip" and bad and len(piece) > payload:
                    countdown -= len(piece)
                    if countdown < 0:
                        countdown = random.randrange(100_000, 300_000)
                        piece = bytearray(piece)
                        piece[random.randrange(payload, len(piece))] ^= 1 << random.randrange(8)
                        print("flipped a bit", flush=True)
                if not swallows:
                    writer.write(piece)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def copy(reader, writer):
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def main():
    listen, to, flag, mode = sys.argv[1:]

    async def serve(reader, writer):
        try:
            theirs = await asyncio.open_connection(*to.rsplit(":", 1))
        except OSError:
            writer.close()
            return
        await asyncio.gather(forward(reader, theirs[1], flag, mode), copy(theirs[0], writer))

    server = await asyncio.start_server(serve, *listen.rsplit(":", 1))
    print("relaying", flush=True)
    await server.serve_forever()


asyncio.run(main())
