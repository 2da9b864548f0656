"""Every budget of the design, measured as ratios and bounds in one run: `python -m benchmarks`.

One file a subject. These are figures for people, and no tests: a loaded machine fails no build.
"""
