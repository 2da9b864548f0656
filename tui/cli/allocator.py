"""How the C library keeps memory for a console, which stays open for days and loads in bursts.

By default glibc gives each thread an arena of its own, which keeps what the thread freed; and it stops
handing large blocks back to the system as soon as one was freed. A console imports its clients and reads an
incident in threads: 16 of its 115 MiB were such leftovers, 36 of 167 with 10,000 entries. Python's threads
allocate one at a time, nearly always, so that one arena costs next to nothing. See mallopt(3).
"""

_ARENA_MAX = -8
_MMAP_THRESHOLD = -3
# Bytes from which a block is the system's own and goes back to it at once: what glibc begins with. Once it is
# set, glibc raises it no more.
_LARGE = 128 * 1024


def spare() -> bool:
    """Keep freed memory in one place, and give large blocks back; before the first thread.

    Answers whether it is so: another C library than glibc goes on as it does.
    """
    try:
        import ctypes

        mallopt = ctypes.CDLL(None).mallopt
    except (ImportError, OSError, TypeError, AttributeError):
        return False
    return bool(mallopt(_ARENA_MAX, 1) and mallopt(_MMAP_THRESHOLD, _LARGE))
