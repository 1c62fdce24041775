#!/usr/bin/env python3
"""scripts/rfc_coverage.py [--check] [--missing NNNN] - how far the notes reach, RFC by RFC.

For each RFC with a page in rfc-notes/: how many of its requirements there are (MUST and MUST NOT
first), how many have a note, fire in the code, are expected by a test, or have a written exception.
Writes the table into rfc-notes/README.md; --check writes nothing and fails when the table is old.
--missing NNNN lists the MUSTs of an RFC that have neither note nor exception.
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTES = ROOT / "rfc-notes"
BEGIN = "<!-- coverage: made by scripts/rfc_coverage.py -->"
END = "<!-- end of coverage -->"


def index(rfc):
    """id -> level, for the sentences with a keyword."""
    levels = {}
    for line in (NOTES / "index" / f"rfc{rfc}.tsv").read_text(encoding="utf-8").splitlines():
        section, number, level = line.split("\t")[:3]
        if number != "0":
            levels[f"{section}#{number}"] = level
    return levels


def notes(rfc):
    """id -> does it say why it is an exception?"""
    text = (NOTES / f"rfc{rfc}.md").read_text(encoding="utf-8")
    parts = re.split(r"^#### ", text, flags=re.M)[1:]
    return {part.split()[0]: re.search(r"^Exception:", part, re.M) is not None for part in parts}


def citations(folders, pattern):
    found = collections.defaultdict(set)
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".h", ".cc"):
                for rfc, rule in re.findall(pattern, path.read_text(encoding="utf-8")):
                    found[rfc].add(rule)
    return found


def main():
    arguments = sys.argv[1:]
    code = [p.name for p in ROOT.iterdir() if p.is_dir() and p.name not in ("tests", "build", "fuzz", "bench")
            and not p.name.startswith(".")]
    fired = citations(code, r'"(\d+):([\w.]+#\d+)"_rule')
    expected = citations(["tests"], r'EXPECT_RULE\("(\d+):([\w.]+#\d+)"\)')
    if arguments[:1] == ["--missing"]:
        rfc = arguments[1]
        have = notes(rfc)
        print("\n".join(rule for rule, level in index(rfc).items() if level == "must" and rule not in have))
        return
    rows = []
    for page in sorted(NOTES.glob("rfc*.md"), key=lambda p: int(p.stem[3:])):
        rfc = page.stem[3:]
        levels, noted = index(rfc), notes(rfc)
        musts = [rule for rule, level in levels.items() if level == "must"]
        title = page.read_text(encoding="utf-8").splitlines()[0].removeprefix(f"# RFC {rfc}: ")
        rows.append((rfc, title, len(musts), sum(rule in noted for rule in musts),
                     sum(noted.get(rule, False) for rule in musts), len(levels), len(noted),
                     len(fired[rfc]), len(fired[rfc] & expected[rfc])))
    table = ["| RFC | title | MUST | with a note | of them exceptions | all sentences | notes | rules that fire | of them tested |",
             "|---|---|---|---|---|---|---|---|---|"]
    table += [f"| [{row[0]}](rfc{row[0]}.md) | " + " | ".join(map(str, row[1:])) + " |" for row in rows]
    total = [sum(row[i] for row in rows) for i in range(2, 9)]
    table.append("| | all | " + " | ".join(map(str, total)) + " |")
    block = f"{BEGIN}\n\n" + "\n".join(table) + f"\n\n{END}"
    readme = NOTES / "README.md"
    old = readme.read_text(encoding="utf-8")
    new = re.sub(re.escape(BEGIN) + ".*" + re.escape(END), lambda _: block, old, flags=re.S)
    if "--check" in arguments:
        if new != old:
            sys.exit("the table in rfc-notes/README.md is old: run scripts/rfc_coverage.py")
        return
    readme.write_text(new, encoding="utf-8")
    print(f"{total[0]} MUSTs in {len(rows)} RFCs: {total[1]} with a note, {total[2]} of them exceptions; "
          f"{total[5]} rules fire, {total[6]} of them are expected by a test")


main()
