"""The servers of the world: one file each, real HTTP on a loopback port of its own."""
