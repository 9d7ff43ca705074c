"""What a link carries: `link.py receive PORT` takes one connection, `link.py send HOST PORT SECONDS` fills it and prints Mbit/s."""
import socket
import sys
import time

WAIT_SECONDS = 10.0
CHUNK = bytes(1 << 16)


def receive(port: int) -> None:
    with socket.create_server(("", port)) as listener:
        listener.settimeout(WAIT_SECONDS)
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(WAIT_SECONDS)
            count = 0
            while data := connection.recv(len(CHUNK)):
                count += len(data)
            connection.sendall(count.to_bytes(8, "little"))


def send(host: str, port: int, seconds: float) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection = socket.create_connection((host, port), WAIT_SECONDS)
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    with connection:
        start = time.monotonic()
        while time.monotonic() < start + seconds:
            connection.sendall(CHUNK)
        connection.shutdown(socket.SHUT_WR)
        # The receiver's count, so that bytes that are still in buffers do not count as sent.
        count = int.from_bytes(connection.recv(8, socket.MSG_WAITALL), "little")
        print(8e-6 * count / (time.monotonic() - start))


if __name__ == "__main__":
    if sys.argv[1] == "receive":
        receive(int(sys.argv[2]))
    else:
        send(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
