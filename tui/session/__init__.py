"""One incident being worked: readings in, the tree walked, mitigations run, the journal written.

A `Session` publishes frozen `Snapshot`s; the console and the command line only read them and ask.
"""
