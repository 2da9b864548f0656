"""The plain words of an incident: frozen dataclasses and pure functions.

Nothing here reads a clock, a file or a socket: time comes in as an argument.
"""
