#!/usr/bin/env python3
"""Make or check rfc-notes/index: which requirements the RFCs have, without their sentences.

  scripts/rfc_index.py --texts DIR NUMBER...   (re)write the index of these RFCs from DIR/rfcNUMBER.txt
  scripts/rfc_index.py --texts DIR             the same for every RFC that has an index
  scripts/rfc_index.py --texts DIR --check     compare instead of writing; exit 1 on a difference

One file per RFC, rfc-notes/index/rfcNUMBER.tsv, one line per section and per requirement:
section, running number in that section (0: the section as a whole), level (must, should, may;
info for a section), and the first 12 hex digits of the SHA-256 of the requirement's sentence with
its blanks folded ("-" for a section).
"""
import argparse
import hashlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import rfc_requirements  # noqa: E402  (the script beside this one)

INDEX = pathlib.Path(__file__).parent.parent / "rfc-notes" / "index"


def index_of(text_file):
    """The lines of the index of one RFC text."""
    lines = []
    by_section = {}
    for record in rfc_requirements.requirements(str(text_file)):
        by_section.setdefault(record["section"], []).append(record)
    sections = [str(s) for s in section_numbers(text_file)]
    for section in sections + [s for s in by_section if s not in sections]:
        lines.append(f"{section}\t0\tinfo\t-")
        for record in by_section.get(section, []):
            sentence = " ".join(record["text"].split())
            digest = hashlib.sha256(sentence.encode()).hexdigest()[:12]
            lines.append(f"{section}\t{record['n']}\t{record['level']}\t{digest}")
    return lines


def section_numbers(text_file):
    """Section numbers in order of appearance, each once."""
    seen = []
    for number, *_ in rfc_requirements.sections_of(str(text_file)):
        if number not in ("front", "toc", "unnumbered") and number not in seen:
            seen.append(number)
    return seen


def main():
    parser = argparse.ArgumentParser(description="index of RFC requirements")
    parser.add_argument("--texts", required=True, help="folder with rfcNUMBER.txt files")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("rfcs", nargs="*", help="RFC numbers; default: those that have an index")
    args = parser.parse_args()
    numbers = args.rfcs or sorted(f.stem[3:] for f in INDEX.glob("rfc*.tsv"))
    different = []
    INDEX.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        text = pathlib.Path(args.texts) / f"rfc{number}.txt"
        target = INDEX / f"rfc{number}.tsv"
        if not text.exists():
            different.append(f"{text}: not there")
            continue
        content = "\n".join(index_of(text)) + "\n"
        if not args.check:
            target.write_text(content)
        elif target.read_text() != content:
            different.append(f"{target.name}: differs from what {text.name} says")
    for line in different:
        print(line, file=sys.stderr)
    print(f"{len(numbers)} RFCs, {len(different)} differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
