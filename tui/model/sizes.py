"""Sizes for a person."""


def told(size: int) -> str:
    """`512 B`, `1.2 KB`, `34 MB`: powers of a thousand, as disks and mail programs count them."""
    value, unit = float(size), "B"
    for unit in ("B", "KB", "MB", "GB"):
        if value < 999.5 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 9.95 else f"{value:.1f} {unit}"
