"""Control frames and messages as any program with the right token can speak them, read from the sources that define them.

Nothing here knows a message by heart: names, fields and numbers come from Messages.proto and MessageKind.swift, so a field
that is added there needs no change here.
"""
import hashlib
import hmac
import os
import re
import struct
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[3] / "Sources" / "Wire"
HEADER = struct.Struct("<4sHHIQQII")  # magic, version, kind, flags, view, sequence, length, payload's checksum
HEADER_BYTES = HEADER.size + 4
NONCE_BYTES = 32


def _table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_CRC = _table()


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = _CRC[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


class Field:
    def __init__(self, name, number, type_, repeated):
        self.name, self.number, self.type, self.repeated = name, number, type_, repeated


def read_schema():
    """Message name -> its fields, as Messages.proto has them."""
    text = re.sub(r"//[^\n]*", "", (SOURCES / "Messages.proto").read_text())
    schema = {}
    for name, body in re.findall(r"\bmessage\s+(\w+)\s*\{([^}]*)\}", text):
        fields = re.findall(r"(repeated\s+)?(\w+)\s+(\w+)\s*=\s*(\d+)\s*;", body)
        schema[name] = [Field(field, int(number), type_, bool(repeated)) for repeated, type_, field, number in fields]
    return schema


def read_kinds():
    """Kind of frame -> (number, message name)."""
    text = (SOURCES / "MessageKind.swift").read_text()
    names = {"refuse": "Refusal"}
    return {
        kind: (int(number), names.get(kind, kind[0].upper() + kind[1:]))
        for kind, number in re.findall(r"case\s+(\w+)\s*=\s*(\d+)", text)
    }


def read_version():
    return int(re.search(r"current:\s*UInt16\s*=\s*(\d+)", (SOURCES / "Limits.swift").read_text()).group(1))


SCHEMA = read_schema()
KINDS = read_kinds()
NAMES = {number: kind for kind, (number, _) in KINDS.items()}
VERSION = read_version()
WIRE = {"double": 1, "fixed64": 1, "string": 2, "bytes": 2}


def wire_type(field):
    return 2 if field.type in SCHEMA else WIRE.get(field.type, 0)


# Protocol buffers: a message is a list of (field number, wire type, value).


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def take_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def encode(items):
    out = bytearray()
    for number, wire, value in items:
        out += varint(number << 3 | wire)
        if wire == 0:
            out += varint(value)
        elif wire == 2:
            out += varint(len(value)) + value
        else:
            out += value  # 8 or 4 bytes
    return bytes(out)


def decode(data):
    items, at = [], 0
    while at < len(data):
        tag, at = take_varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = take_varint(data, at)
        elif wire == 2:
            length, at = take_varint(data, at)
            value, at = data[at : at + length], at + length
        else:
            size = 8 if wire == 1 else 4
            value, at = data[at : at + size], at + size
        items.append((number, wire, value))
    return items


def field_of(message, name):
    return next(field for field in SCHEMA[message] if field.name == name)


def build(message, **values):
    """A message from names and values; nested ones are bytes."""
    items = []
    for name, value in values.items():
        field = field_of(message, name)
        for one in value if isinstance(value, list) else [value]:
            if field.type == "fixed64":
                one = struct.pack("<Q", one)
            elif field.type == "double":
                one = struct.pack("<d", one)
            elif isinstance(one, str):
                one = one.encode()
            items.append((field.number, wire_type(field), one))
    return encode(items)


def read(message, data):
    """Names and values of a message; a missing field is 0 or empty, a repeated one a list."""
    values = {}
    for field in SCHEMA[message]:
        values[field.name] = [] if field.repeated else b"" if wire_type(field) == 2 else 0
    by_number = {field.number: field for field in SCHEMA[message]}
    for number, wire, value in decode(data):
        field = by_number.get(number)
        if field is None:
            continue
        if wire == 1:
            value = struct.unpack("<d" if field.type == "double" else "<Q", value)[0]
        if field.repeated:
            values[field.name].append(value)
        else:
            values[field.name] = value
    return values


class Frame:
    """One control frame; `checksum` is the payload's, where it is known."""

    def __init__(self, number, view, payload, checksum=None, flags=0):
        self.number, self.view, self.payload, self.checksum, self.flags = number, view, payload, checksum, flags

    @property
    def kind(self):
        return NAMES.get(self.number, "?")

    @staticmethod
    def of(kind, view=0, payload=b""):
        return Frame(KINDS[kind][0], view, payload)

    def with_payload(self, payload):
        return Frame(self.number, self.view, payload, flags=self.flags)


class Stream:
    """One end of a control connection over asyncio's streams: whole frames in and out, numbered as they go."""

    def __init__(self, reader, writer):
        self.reader, self.writer, self.sent = reader, writer, 0

    async def receive(self):
        head = await self.reader.readexactly(HEADER_BYTES)
        magic, _, number, flags, view, _, length, checksum = HEADER.unpack(head[: HEADER.size])
        if magic != b"LKST":
            raise ConnectionError("no control frame")
        return Frame(number, view, await self.reader.readexactly(length), checksum, flags)

    async def send(self, frame):
        checksum = crc32c(frame.payload) if frame.checksum is None else frame.checksum
        head = HEADER.pack(
            b"LKST", VERSION, frame.number, frame.flags, frame.view & (1 << 64) - 1, self.sent, len(frame.payload), checksum
        )
        self.sent += 1
        self.writer.write(head + struct.pack("<I", crc32c(head)) + frame.payload)
        await self.writer.drain()

    def close(self):
        self.writer.close()


def code(token, role, worker, coordinator):
    """The proof of one side; empty without a token."""
    if not token:
        return b""
    key = hashlib.sha256(token.strip().encode()).digest()
    return hmac.new(key, f"lockstep {role} ".encode() + worker + coordinator, hashlib.sha256).digest()


async def introduce(stream, token):
    """The worker's side of the handshake."""
    nonce = os.urandom(NONCE_BYTES)
    await stream.send(Frame.of("challenge", 0, build("Challenge", nonce=nonce)))
    answer = await stream.receive()
    if answer.kind != "proof":
        raise ConnectionError(f"{answer.kind} instead of a proof")
    theirs = read("Proof", answer.payload)["nonce"]
    await stream.send(Frame.of("proof", 0, build("Proof", code=code(token, "worker", nonce, theirs))))


async def admit(stream, token):
    """The coordinator's side of the handshake."""
    challenge = await stream.receive()
    theirs = read("Challenge", challenge.payload)["nonce"]
    nonce = os.urandom(NONCE_BYTES)
    await stream.send(
        Frame.of("proof", 0, build("Proof", nonce=nonce, code=code(token, "coordinator", theirs, nonce)))
    )
    await stream.receive()
