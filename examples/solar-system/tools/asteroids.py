#!/usr/bin/env python3
"""Writes what the example knows about asteroids, from the JPL Small-Body Database.

Run by a maintainer after extract.py, never by the build:

    apt-get download kstars-data && dpkg-deb -x kstars-data_*.deb /tmp/kstars
    /tmp/de421/bin/python examples/solar-system/tools/asteroids.py \\
        /tmp/kstars/usr/share/kstars/asteroids.dat

That file is an answer of NASA/JPL's Small-Body Database to a query for bright
asteroids (osculating elements, ecliptic and equinox of J2000). Written are:

    data/perturbers.csv  Ceres, Pallas and Vesta at the epochs of epochs.csv
    data/belt.csv        how the main belt is filled, by distance from the Sun

DE421 holds the masses of the three but not their places, so they are integrated
here from their elements through the field of DE421's planets. Their places are
good to some thousand kilometres over the span: a hundred times better than
their pull on Mars, a few kilometres a year, needs.
"""

import json
import math
import sys

import numpy
from numpy.polynomial import chebyshev

sys.dont_write_bytecode = True

from extract import DATA, DAY, FIRST, LAST, SERIES, STEP, constants, evaluate

PERTURBERS = ["Ceres", "Pallas", "Vesta"]
ELEMENTS_MJD = "59800"
ELEMENTS_JD = 2459800.5
OBLIQUITY = math.radians(84381.448 / 3600.0)

# Classes of JPL that make up the main belt, and the bins of the histogram, au.
BELT = ("MBA", "OMB")
LOW, HIGH, BIN = 2.15, 3.55, 0.025


def database(path):
    with open(path) as file:
        answer = json.load(file)
    return [dict(zip(answer["fields"], row)) for row in answer["data"]]


def state(row):
    """Heliocentric state of an asteroid in the axes of the ICRF: km and km/day."""
    assert row["epoch_mjd"] == ELEMENTS_MJD, row
    a, e = float(row["a"]) * constants["AU"], float(row["e"])
    i, node, peri, mean = (math.radians(float(row[key])) for key in ("i", "om", "w", "ma"))
    anomaly = mean
    for _ in range(50):
        anomaly -= (anomaly - e * math.sin(anomaly) - mean) / (1.0 - e * math.cos(anomaly))
    motion = math.sqrt(constants["GMS"] * constants["AU"] ** 3 / a ** 3)
    minor = math.sqrt(1.0 - e * e)
    rate = a * motion / (1.0 - e * math.cos(anomaly))
    place = turn(a * (math.cos(anomaly) - e), a * minor * math.sin(anomaly), peri, i, node)
    speed = turn(-rate * math.sin(anomaly), rate * minor * math.cos(anomaly), peri, i, node)
    return place, speed


def turn(x, y, peri, i, node):
    x, y = x * math.cos(peri) - y * math.sin(peri), x * math.sin(peri) + y * math.cos(peri)
    y, z = y * math.cos(i), y * math.sin(i)
    x, y = x * math.cos(node) - y * math.sin(node), x * math.sin(node) + y * math.cos(node)
    return numpy.array([x, y * math.cos(OBLIQUITY) - z * math.sin(OBLIQUITY),
                        y * math.sin(OBLIQUITY) + z * math.cos(OBLIQUITY)])


def planets(days):
    """Positions of everything that pulls, at every day: array of (day, body, axis), km."""
    pulls = {"sun": "GMS", "mercury": "GM1", "venus": "GM2", "earthmoon": "GMB", "mars": "GM4",
             "jupiter": "GM5", "saturn": "GM6", "uranus": "GM7", "neptune": "GM8"}
    columns = []
    for name in pulls:
        sets = numpy.load(SERIES / f"jpl-{name}.npy")
        length = (constants["jomega"] - constants["jalpha"]) / len(sets)
        index, offset = numpy.divmod(days - constants["jalpha"], length)
        powers = chebyshev.chebvander(2.0 * offset / length - 1.0, sets.shape[2] - 1)
        columns.append(numpy.einsum("nak,nk->na", sets[index.astype(int)], powers))
    gm = numpy.array([constants[key] for key in pulls.values()]) * constants["AU"] ** 3
    return numpy.stack(columns, axis=1), gm


def integrate(places, speeds):
    """States at all epochs, by Runge and Kutta's formula of order four with steps of two days, both ways."""
    days = numpy.arange(FIRST, LAST + 0.5)
    field, gm = planets(days)

    def pull(x, day):
        offset = field[day][None] - x[:, None]
        square = (offset * offset).sum(axis=2)
        return (offset * (gm / (square * numpy.sqrt(square)))[..., None]).sum(axis=1)

    found = {}
    for way in (1, -1):
        x, v, day, h = numpy.array(places), numpy.array(speeds), int(ELEMENTS_JD - FIRST), 2.0 * way
        while True:
            if day % int(STEP) == 0:
                found[day] = x.copy(), v.copy()
            if not 0 <= day + 2 * way < len(days):
                break
            a = pull(x, day)
            b = pull(x + v * (h / 2), day + way)
            c = pull(x + v * (h / 2) + a * (h * h / 4), day + way)
            d = pull(x + v * h + b * (h * h / 2), day + 2 * way)
            x, v = x + v * h + (a + b + c) * (h * h / 6), v + (a + 2 * b + 2 * c + d) * (h / 6)
            day += 2 * way
    return [(FIRST + day, *found[day]) for day in sorted(found)]


def write_perturbers(rows):
    sun = evaluate("sun", ELEMENTS_JD)
    start = [state(next(row for row in rows if row["full_name"].split()[1] == name)) for name in PERTURBERS]
    places = [sun[:3] + place for place, _ in start]
    speeds = [sun[3:] + speed for _, speed in start]
    with open(DATA / "perturbers.csv", "w") as out:
        out.write("# States of Ceres, Pallas and Vesta at the epochs of epochs.csv: barycentric, axes of the ICRF, TDB.\n"
                  "# Source: elements of NASA/JPL's Small-Body Database at MJD 59800 (Debian's kstars-data 3.6.2),\n"
                  "# integrated through the field of DE421 by tools/asteroids.py.\n"
                  "epoch_jd,body,x_km,y_km,z_km,vx_km_s,vy_km_s,vz_km_s\n")
        for jd, place, speed in integrate(places, speeds):
            for k, name in enumerate(PERTURBERS):
                numbers = [f"{v:.1f}" for v in place[k]] + [f"{v:.10f}" for v in speed[k] / DAY]
                out.write(f"{jd!r},{name.lower()}," + ",".join(numbers) + "\n")


def write_belt(rows):
    belt = [(float(row["a"]), float(row["e"]), float(row["i"])) for row in rows if row["class"] in BELT]
    with open(DATA / "belt.csv", "w") as out:
        out.write("# How the main belt is filled: number, mean eccentricity and mean inclination by semi-major axis.\n"
                  "# Source: all asteroids of absolute magnitude below 12 in NASA/JPL's Small-Body Database (Debian's\n"
                  "# kstars-data 3.6.2), counted by tools/asteroids.py. The gaps are Kirkwood's: 3:1 with Jupiter at\n"
                  "# 2.50, 5:2 at 2.82, 7:3 at 2.96 and 2:1 at 3.28 au.\n"
                  "low_au,high_au,count,mean_eccentricity,mean_inclination_deg\n")
        for k in range(round((HIGH - LOW) / BIN)):
            low, high = LOW + k * BIN, LOW + (k + 1) * BIN
            members = [member for member in belt if low <= member[0] < high]
            if members:
                count = len(members)
                out.write(f"{low:.3f},{high:.3f},{count},{sum(m[1] for m in members) / count:.3f},"
                          f"{sum(m[2] for m in members) / count:.2f}\n")


if __name__ == "__main__":
    catalogue = database(sys.argv[1])
    write_perturbers(catalogue)
    write_belt(catalogue)
