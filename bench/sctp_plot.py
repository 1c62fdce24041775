#!/usr/bin/env python3
"""Draw rows of bench_sctp_virtual as an SVG: the share of the bottleneck over random loss.

  bench/sctp_plot.py OUT.svg NAME=FILE...   one line per controller, one panel per round trip

FILE holds rows as the program prints them. Of all rows, those with the given rate and queue are
drawn (100 Mbit/s, one bandwidth-delay product).
"""
import sys

RATE, QUEUE = 100.0, 1.0
LOSSES = [0.0, 0.01, 0.1, 1.0]
COLOURS = ["#1b6ca8", "#c2571a", "#3b7d3b", "#7a4a9e"]
WIDTH, HEIGHT, LEFT, TOP = 230, 200, 46, 34


def read(path):
    """(rtt, loss) -> share, of the rows that are drawn."""
    shares = {}
    for line in open(path, encoding="utf-8"):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        try:
            rate, rtt, queue, loss, share = (float(cell) for cell in cells[:5])
        except ValueError:
            continue
        if rate == RATE and queue == QUEUE:
            shares[rtt, loss] = share
    return shares


def main():
    out, series = sys.argv[1], [argument.split("=", 1) for argument in sys.argv[2:]]
    data = [(name, read(path)) for name, path in series]
    rtts = sorted({rtt for _, shares in data for rtt, _ in shares})
    total = LEFT + len(rtts) * (WIDTH + 30)
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {HEIGHT + 96}" '
           'font-family="sans-serif" font-size="11">',
           f'<rect width="{total}" height="{HEIGHT + 96}" fill="white"/>']
    for panel, rtt in enumerate(rtts):
        x0 = LEFT + panel * (WIDTH + 30)

        def at(index, share, x0=x0):
            return (x0 + index * (WIDTH - 30) / (len(LOSSES) - 1) + 10,
                    TOP + HEIGHT * (1 - share / 100))

        svg.append(f'<text x="{x0}" y="20">{RATE:g} Mbit/s, {rtt:g} ms</text>')
        for percent in (0, 25, 50, 75, 100):
            y = at(0, percent)[1]
            svg.append(f'<line x1="{x0}" x2="{x0 + WIDTH - 10}" y1="{y:.1f}" y2="{y:.1f}" '
                       'stroke="#ddd"/>')
            if panel == 0:
                svg.append(f'<text x="{x0 - 6}" y="{y + 4:.1f}" text-anchor="end">{percent} %</text>')
        for index, loss in enumerate(LOSSES):
            svg.append(f'<text x="{at(index, 0)[0]:.1f}" y="{TOP + HEIGHT + 16}" '
                       f'text-anchor="middle">{loss:g} %</text>')
        for (_, shares), colour in zip(data, COLOURS):
            points = [at(i, shares[rtt, loss]) for i, loss in enumerate(LOSSES)
                      if (rtt, loss) in shares]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            svg.append(f'<polyline points="{path}" fill="none" stroke="{colour}" '
                       'stroke-width="2"/>')
            svg += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
                    for x, y in points]
    for index, ((name, _), colour) in enumerate(zip(data, COLOURS)):
        x, y = LEFT + index * 150, HEIGHT + TOP + 44
        svg.append(f'<rect x="{x}" y="{y - 9}" width="14" height="4" fill="{colour}"/>')
        svg.append(f'<text x="{x + 20}" y="{y - 3}">{name}</text>')
    svg.append(f'<text x="{total - 40}" y="{HEIGHT + TOP + 41}" text-anchor="end">'
               'share of the bottleneck over random loss</text>')
    svg.append("</svg>")
    with open(out, "w", encoding="utf-8") as file:
        file.write("\n".join(svg) + "\n")


main()
