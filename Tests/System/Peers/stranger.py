"""A program that is no coordinator at a coordinator's address: `stranger.py HOST:PORT refusal|garbage|silence`. It has no token."""
import asyncio
import sys

import wire


async def main():
    address, manner = sys.argv[1:]

    async def serve(reader, writer):
        try:
            if manner == "refusal":
                stream = wire.Stream(reader, writer)
                await stream.receive()
                words = "go away\x1b[31m\nand say \x07 so"
                await stream.send(wire.Frame.of("refuse", 0, wire.build("Refusal", reason=words)))
            elif manner == "garbage":
                writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 100)
                await writer.drain()
            await reader.read()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()
            print(f"answered with {manner}", flush=True)

    host, port = address.rsplit(":", 1)
    server = await asyncio.start_server(serve, host, int(port), reuse_address=True)
    await server.serve_forever()


asyncio.run(main())
