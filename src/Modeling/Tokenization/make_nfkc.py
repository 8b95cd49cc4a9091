#!/usr/bin/env python3
"""Writes nfkc.txt, the tables of Unicode's normal form KC, from Python's copy of the Unicode Character Database.
Run again for a newer Unicode with a newer Python: python3 make_nfkc.py > nfkc.txt
With --digests it prints what NfkcTests compares with instead."""
import hashlib
import sys
import unicodedata

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xAC00 + 11172)  # composed by rule, not by table


def hexes(text):
    return " ".join(f"{ord(c):X}" for c in text)


def tables():
    print(f"# Derived from the Unicode Character Database {unicodedata.unidata_version}, Copyright Unicode, Inc., Unicode License v3.")
    print("# D: full compatibility decomposition; C: combining classes, the class first; P: two characters that compose.")
    classes = {}
    for c in CODE_POINTS:
        char = chr(c)
        if unicodedata.combining(char):
            classes.setdefault(unicodedata.combining(char), []).append(char)
        if c in HANGUL:
            continue
        if unicodedata.normalize("NFKD", char) != char:
            print("D", f"{c:X}", hexes(unicodedata.normalize("NFKD", char)))
        parts = unicodedata.decomposition(char).split()
        if len(parts) == 2 and not parts[0].startswith("<") and unicodedata.normalize("NFC", char) == char:
            print("P", *parts, f"{c:X}")
    for number, chars in sorted(classes.items()):
        print("C", number, hexes(chars))


def digest(texts):
    return hashlib.sha256("\n".join(unicodedata.normalize("NFKC", text) for text in texts).encode()).hexdigest()


def digests():
    every = [chr(c) for c in CODE_POINTS]
    print("alone", digest(every))
    print("with marks", digest(c + "\u0323\u0301" for c in every))
    print("between", digest("\u1100" + c + "\u11a8\u0301" + c for c in every))


digests() if "--digests" in sys.argv else tables()
