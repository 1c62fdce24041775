#!/usr/bin/env python3
"""scripts/fuzz_dictionaries.py [--check] - makes fuzz/dict/*.dict from the enumerations in the headers.

A code point that the code learns to name is one that the fuzzers learn to write. --check writes
nothing and fails when a dictionary is not what the headers say. fuzz/dict/*.words, where there is
one, holds what no enumeration has (phrases, cookies); it is copied in front.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DICTIONARIES = ROOT / "fuzz" / "dict"

# dictionary: [(header, enumeration, bytes behind the number)]
SOURCES = {
    "parse_stun": [("stun/message.h", "AttributeType", b""), ("stun/message.h", "Method", b"")],
    "parse_dtls": [
        ("dtls/wire.h", "ContentType", b"\xfe\xfd"),
        ("dtls/wire.h", "HandshakeType", b"\x00\x00"),
        ("dtls/wire.h", "ExtensionType", b""),
    ],
    "parse_sctp": [
        ("sctp/packet.h", "ChunkType", b"\x00\x00"),
        ("sctp/packet.h", "ChunkType", b"\x03\x00"),
        ("sctp/parameters/parameters.h", "ParameterType", b"\x00"),
        ("sctp/causes/causes.h", "CauseCode", b"\x00"),
    ],
    "parse_rtcp": [
        ("rtp/rtcp.h", "RtcpType", b"\x00\x02"),
        ("rtp/rtcp.h", "SdesItem", b"\x01"),
    ],
    "parse_dcep": [("sctp/channel/dcep.h", "ChannelReliability", b"\x00\x00")],
    "parse_sdp": [],
    "parse_candidate": [],
}


def enumerators(header, name):
    """The (name, value, bytes) of an enumeration; values without "=" count on."""
    text = (ROOT / header).read_text(encoding="utf-8")
    found = re.search(r"enum class %s : std::uint(8|16|32)_t \{(.*?)\};" % name, text, re.S)
    if not found:
        sys.exit(f"{header} has no enumeration {name}")
    width = int(found.group(1)) // 8
    value = -1
    for item in re.sub(r"//[^\n]*", "", found.group(2)).split(","):
        item = item.strip()
        if not item:
            continue
        label, _, number = (part.strip() for part in item.partition("="))
        value = int(number, 0) if number else value + 1
        yield label, value, width


def entry(label, raw):
    return '%s="%s"' % (label, "".join(f"\\x{byte:02x}" for byte in raw))


def dictionary(name):
    lines = [f"# Made by scripts/fuzz_dictionaries.py; what it cannot know stands in {name}.words."]
    words = DICTIONARIES / f"{name}.words"
    if words.exists():
        lines += words.read_text(encoding="utf-8").splitlines()
    seen = set()
    for header, enumeration, tail in SOURCES[name]:
        lines.append(f"# {enumeration} of {header}")
        for label, value, width in enumerators(header, enumeration):
            raw = value.to_bytes(width, "big") + tail
            if raw not in seen:
                lines.append(entry(f"{enumeration}_{label[1:]}_{len(seen)}", raw))
                seen.add(raw)
    return "\n".join(lines) + "\n"


def main():
    check = "--check" in sys.argv[1:]
    stale = []
    for name in SOURCES:
        path = DICTIONARIES / f"{name}.dict"
        text = dictionary(name)
        if check and (not path.exists() or path.read_text(encoding="utf-8") != text):
            stale.append(path.name)
        if not check:
            path.write_text(text, encoding="utf-8")
    if stale:
        sys.exit("not what the headers say: " + ", ".join(stale) + "; run scripts/fuzz_dictionaries.py")


main()
