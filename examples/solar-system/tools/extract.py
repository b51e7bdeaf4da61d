#!/usr/bin/env python3
"""Extracts the data files of this example from JPL's ephemeris DE421.

Run by a maintainer, never by the build:

    python3 -m venv /tmp/de421 && /tmp/de421/bin/pip install de421 numpy
    /tmp/de421/bin/python examples/solar-system/tools/extract.py

Reads PyPI's package `de421` (the Chebyshev series and the constants of the
ephemeris, as JPL published them) and writes, beside this folder:

    data/constants.csv   the constants of DE421 that the physics uses
    data/epochs.csv      states of eleven bodies every 128 days, 1899 to 2053
    data/truth.csv       states at other dates, which only the tests read

The three asteroids that DE421 knows the masses of but not the places come from
asteroids.py, the comparison of the finished files with DE421 is verify.py.

Positions are geometric (no light time, no aberration), barycentric, in the
axes of the ICRF. DE421 stores the Earth and the Moon as their common
barycentre and the Moon seen from the Earth; both are put together here:
earth = barycentre - moon / (1 + EMRAT), where EMRAT is the ratio of masses.
"""

import pathlib

import de421
import numpy
from numpy.polynomial import chebyshev

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
SERIES = pathlib.Path(de421.__file__).resolve().parent

BODIES = ["sun", "mercury", "venus", "earth", "moon", "mars",
          "jupiter", "saturn", "uranus", "neptune", "pluto"]

# Every 128 days is a joint of every body's series: there JPL's fit reproduces
# position and velocity of the integration itself, not only approximates it.
FIRST, LAST, STEP = 2414992.5, 2471184.5, 128.0

# The four start dates of the tests (1 January of 1910, 1960, 2010 and 2040).
STARTS = [2418672.5, 2436934.5, 2455197.5, 2466154.5]
AHEAD = [0.0, 30.0, 182.0, 365.0, 3652.0]

DAY = 86400.0

constants = {name.decode(): float(value)
             for name, value in numpy.load(SERIES / "constants.npy")}
series = {}


def evaluate(name, jd):
    """Position (km) and velocity (km/day) of one of the stored series."""
    if name not in series:
        series[name] = numpy.load(SERIES / f"jpl-{name}.npy")
    sets = series[name]
    days = (constants["jomega"] - constants["jalpha"]) / len(sets)
    index, offset = divmod(jd - constants["jalpha"], days)
    x = 2.0 * offset / days - 1.0
    coefficients = sets[int(index)].T
    position = chebyshev.chebval(x, coefficients)
    velocity = chebyshev.chebval(x, chebyshev.chebder(coefficients)) * 2.0 / days
    return numpy.concatenate((position, velocity))


def states(jd):
    """State of every body, in the order of BODIES: km and km/s."""
    barycentre, moon = evaluate("earthmoon", jd), evaluate("moon", jd)
    earth = barycentre - moon / (1.0 + constants["EMRAT"])
    found = {name: evaluate(name, jd) for name in BODIES if name not in ("earth", "moon")}
    found["earth"], found["moon"] = earth, earth + moon
    for name in BODIES:
        found[name][3:] /= DAY
        yield name, found[name]


def write_constants():
    au = constants["AU"]
    scale = au ** 3 / DAY ** 2
    ratio = constants["EMRAT"]
    gm = {"sun": constants["GMS"], "mercury": constants["GM1"], "venus": constants["GM2"],
          "earth": constants["GMB"] * ratio / (1.0 + ratio), "moon": constants["GMB"] / (1.0 + ratio),
          "mars": constants["GM4"], "jupiter": constants["GM5"], "saturn": constants["GM6"],
          "uranus": constants["GM7"], "neptune": constants["GM8"], "pluto": constants["GM9"],
          "ceres": constants["MA0001"], "pallas": constants["MA0002"], "vesta": constants["MA0004"]}
    with open(DATA / "constants.csv", "w") as out:
        out.write("# Constants of JPL's DE421 (Folkner, Williams, Boggs 2008), extracted from PyPI's package\n"
                  "# `de421` by tools/extract.py. gm_* is the gravitational constant times the mass of a body\n"
                  "# (of a planet with its moons; of the Earth without the Moon).\n"
                  "name,value,unit\n")
        for name, value in gm.items():
            out.write(f"gm_{name},{value * scale!r},km^3/s^2\n")
        out.write(f"speed_of_light,{constants['CLIGHT']!r},km/s\n")
        out.write(f"astronomical_unit,{au!r},km\n")
        out.write(f"earth_j2,{constants['J2E']!r},1\n")
        out.write(f"earth_radius,{constants['AE']!r},km\n")
        out.write(f"sun_j2,{constants['J2SUN']!r},1\n")
        out.write(f"sun_radius,{constants['ASUN']!r},km\n")


def write_states(path, about, dates):
    with open(DATA / path, "w") as out:
        out.write(f"# {about}\n"
                  "# Source: JPL's ephemeris DE421 (Folkner, Williams, Boggs 2008), extracted from PyPI's package\n"
                  "# `de421` by tools/extract.py. Geometric, barycentric, axes of the ICRF; dates are TDB.\n"
                  "epoch_jd,body,x_km,y_km,z_km,vx_km_s,vy_km_s,vz_km_s\n")
        for jd in dates:
            for name, state in states(jd):
                out.write(f"{jd!r},{name}," + ",".join(repr(float(v)) for v in state) + "\n")


if __name__ == "__main__":
    write_constants()
    count = int((LAST - FIRST) / STEP) + 1
    write_states("epochs.csv", "States of eleven bodies every 128 days over the span of DE421.",
                 [FIRST + STEP * k for k in range(count)])
    write_states("truth.csv", "States that fall between the epochs of epochs.csv: what the tests compare with.",
                 sorted({start + ahead for start in STARTS for ahead in AHEAD}))
