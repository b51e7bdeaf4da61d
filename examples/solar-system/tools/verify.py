#!/usr/bin/env python3
"""Compares the example's states between its epochs with DE421 itself, at random dates.

Run by a maintainer from the root of the repository, after extract.py and asteroids.py:

    /tmp/de421/bin/pip install jplephem numpy skyfield-data
    /tmp/de421/bin/python examples/solar-system/tools/verify.py

DE421 comes from another package here (`skyfield-data`, JPL's own binary file) and
through another reader (`jplephem`) than in extract.py, so that a mistake there
would show. Prints the largest distance found for each body; `src/ephemeris/mod.rs`
quotes it.
"""

import pathlib
import random
import subprocess

import numpy
import skyfield_data
from jplephem.spk import SPK

KERNEL = SPK.open(str(pathlib.Path(skyfield_data.get_skyfield_data_path()) / "de421.bsp"))
CODES = {"sun": [(0, 10)], "mercury": [(0, 1), (1, 199)], "venus": [(0, 2), (2, 299)],
         "earth": [(0, 3), (3, 399)], "moon": [(0, 3), (3, 301)], "mars": [(0, 4)], "jupiter": [(0, 5)],
         "saturn": [(0, 6)], "uranus": [(0, 7)], "neptune": [(0, 8)], "pluto": [(0, 9)]}
FIRST, LAST, DATES, SEED = 2414992.5, 2471184.5, 400, 421


def main():
    random.seed(SEED)
    dates = sorted(random.uniform(FIRST, LAST) for _ in range(DATES))
    command = ["cargo", "run", "--release", "--quiet", "-p", "solar-system", "--example", "state_at", "--"]
    lines = subprocess.run(command + [repr(date) for date in dates], capture_output=True, check=True, text=True)
    worst = dict.fromkeys(CODES, 0.0)
    for line in lines.stdout.splitlines()[1:]:
        jd, name, *numbers = line.split(",")
        if name not in CODES:
            continue
        truth = sum(KERNEL[pair].compute(float(jd)) for pair in CODES[name])
        error = numpy.linalg.norm(numpy.array([float(number) for number in numbers[:3]]) - truth)
        worst[name] = max(worst[name], error)
    for name, error in worst.items():
        print(f"{name:<10}{error:10.4f} km")


if __name__ == "__main__":
    main()
