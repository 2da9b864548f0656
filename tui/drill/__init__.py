"""The simulated world: real HTTP servers on loopback, and one model behind them all.

It shares no code with the console: it is a process of its own, reached over sockets only, so
that one bug cannot hide another.
"""
