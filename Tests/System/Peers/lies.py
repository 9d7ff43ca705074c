"""Every message kind with every field at its edges."""
import re
import struct

import wire

WHOLE = [0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53, 2**63 - 1, 2**63, 2**64 - 1]
SIGNED = [0, 1, -1, -2, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63)]
REAL = [0.0, -1.0, 5e-324, 2.0**63, 2.0**64, 1e308, -1e308, float("inf"), float("-inf"), float("nan")]
# The verdict looks for this mark, which must reach no terminal and no log unchanged.
MARK = "LIAR-WAS-HERE"
TEXTS = [
    b"",
    f"\x1b]0;{MARK}\x07\x1b[2J\x1b[31m".encode(),
    f"one\r\n{MARK} a line of its own\n\x08\x7f\x00".encode(),
    f"\xc2\x9b31m{MARK}".encode("latin-1"),
    f"\u202e\u2028\u2029{MARK}".encode(),
    b"\xff\xfe\xc0\x80",
    b"x" * 3000,
    b"y" * 200_000,
]
BYTES = [b"", b"\0", b"\xff" * 31, b"\xff" * 32, b"\xff" * 33, b"z" * 200_000]
MANY = 50_000
ALL_AT_END = "every number at its end"


class Lie:
    """One field of one kind of message, said wrong."""

    def __init__(self, kind, path, label, change):
        self.kind, self.path, self.label, self.change = kind, path, label, change

    def __str__(self):
        return f"{self.kind}.{'.'.join(field.name for field in self.path) or 'frame'} = {self.label}"

    def tell(self, frame):
        """The frame with this lie in it."""
        if not self.path:
            return self.change(frame)
        return frame.with_payload(_edit(frame.payload, self.path, self.change))


def _edit(payload, path, change):
    """Replaces a field, nested ones in their first element; the others stay as they are."""
    field, rest = path[0], path[1:]
    items = wire.decode(payload)
    own = [value for number, _, value in items if number == field.number]
    others = [item for item in items if item[0] != field.number]
    if rest:
        first = own[0] if own else b""
        changed = [_edit(first, rest, change)] + list(own[1:])
    else:
        changed = change(own)
    return wire.encode(others + [(field.number, wire.wire_type(field), value) for value in changed])


def _encodings(field):
    if field.type == "double":
        return [(repr(value), struct.pack("<d", value)) for value in REAL]
    if field.type == "fixed64":
        return [(str(value), struct.pack("<Q", value)) for value in WHOLE]
    if field.type in ("int32", "int64"):
        return [(str(value), value) for value in SIGNED]
    if field.type in ("sint32", "sint64"):
        return [(str(value), (value << 1) ^ (value >> 63)) for value in SIGNED]
    if field.type == "string":
        return [(repr(value[:40]) + f" ({len(value)} bytes)", value) for value in TEXTS]
    if field.type == "bytes":
        return [(repr(value[:4]) + f" ({len(value)} bytes)", value) for value in BYTES]
    return [(str(value), value) for value in WHOLE]


def _numbers(value):
    """Puts `value` in the place of each number of a text in turn, as in a configuration whose model is too large for any machine."""

    def change(own):
        text = own[0] if own else b""
        found = list(re.finditer(rb"(?<![\w.])\d+(?![\w.])", text))
        if not found:
            return [value]
        change.turn = (change.turn + 1) % len(found)
        place = found[change.turn]
        return [text[: place.start()] + value + text[place.end() :]]

    change.turn = -1
    return change


def _of_field(kind, path):
    field = path[-1]
    if field.type in wire.SCHEMA:
        yield Lie(kind, path, "left out", lambda own: [])
        yield Lie(kind, path, "empty", lambda own: [b""])
        yield Lie(kind, path, "no message", lambda own: [b"\xff\xff\xff"])
        if field.repeated:
            yield Lie(kind, path, f"{MANY} empty ones", lambda own: [b""] * MANY)
            yield Lie(kind, path, "each of them 1,000 times", lambda own: (list(own) or [b""]) * 1000)
            yield Lie(kind, path, "backwards", lambda own: list(own)[::-1])
        for inner in wire.SCHEMA[field.type]:
            yield from _of_field(kind, path + [inner])
        return
    for label, value in _encodings(field):
        yield Lie(kind, path, label, lambda own, value=value: [value])
    if field.repeated:
        value = _encodings(field)[1][1]
        yield Lie(kind, path, "none", lambda own: [])
        yield Lie(kind, path, f"{MANY} of them", lambda own: [value] * MANY if wire.wire_type(field) != 2 else [b"a"] * MANY)
        yield Lie(kind, path, "each of them 1,000 times", lambda own: (list(own) or [value]) * 1000)
    if field.type == "string":
        for value in (b"0", b"-1", b"2147483648", b"9223372036854775808", b"1e308"):
            yield Lie(kind, path, f"a number in it {value.decode()}", _numbers(value))


def of_kind(kind):
    """All lies about one kind of message, also about its frame's view and size."""
    for value in WHOLE:
        yield Lie(kind, [], f"view {value}", lambda frame, value=value: wire.Frame(frame.number, value, frame.payload))
    yield Lie(kind, [], "no payload", lambda frame: frame.with_payload(b""))
    yield Lie(kind, [], "half a payload", lambda frame: frame.with_payload(frame.payload[: len(frame.payload) // 2]))
    yield Lie(kind, [], "no message", lambda frame: frame.with_payload(b"\xff" * 64))
    yield Lie(
        kind, [], ALL_AT_END,
        lambda frame: frame.with_payload(wire.encode([
            (field.number, wire.wire_type(field), {0: 2**64 - 1, 1: b"\xff" * 8, 2: b""}[wire.wire_type(field)])
            for field in wire.SCHEMA[wire.KINDS[kind][1]]])))
    for field in wire.SCHEMA[wire.KINDS[kind][1]]:
        yield from _of_field(kind, [field])


# Content that nobody can check: the numbers of a state and of a sum. A peer with the token could send a wrong gradient
# as well; promises cover only what can be checked.
UNSEEN = {("stateChunk", "data"), ("sumChunk", "data"), ("sumChunk", "used"), ("sumChunk", "next")}


# Where two chain hashes differ, nobody can tell which is right: the run ends with a sentence and keeps its checkpoint. That is
# the rule and no defect, so these lies are told only on request.
CHAINS = {"chain"}


def all_lies(checkable, chains):
    """Every lie there is.

    checkable: leaves out what only the state's digest would tell.
    chains: lies about chain hashes as well.
    """
    lies = [lie for kind in wire.KINDS for lie in of_kind(kind)]
    if checkable:
        lies = [lie for lie in lies if not any((lie.kind, field.name) in UNSEEN for field in lie.path)]
    if not chains:
        kinds = {kind for kind, (_, message) in wire.KINDS.items() if any(field.name in CHAINS for field in wire.SCHEMA[message])}
        lies = [
            lie for lie in lies
            if not any(field.name in CHAINS for field in lie.path) and not (lie.label == ALL_AT_END and lie.kind in kinds)
        ]
    return lies


def floods():
    """One whole number or text of a kind, another in each message: what is kept for a peer must have a maximum."""
    def inner(kind, message, path):
        for field in wire.SCHEMA[message]:
            if field.type in wire.SCHEMA:
                yield from inner(kind, field.type, path + [field])
            elif wire.wire_type(field) == 0 and field.type != "bool":
                yield Lie(kind, path + [field], "counted up", None)
            elif field.type == "string":
                yield Lie(kind, path + [field], "another each time", None)

    return [lie for kind, (_, message) in wire.KINDS.items() for lie in inner(kind, message, [])]


def flood_frame(lie, template, number):
    """The message of a flood that has this number."""
    text = lie.path[-1].type == "string"
    value = (f"{number} " + "w" * 1500).encode() if text else number
    return template.with_payload(_edit(template.payload, lie.path, lambda own: [value]))
