"""Presentational widgets: they show plain values and say, by messages, what was asked."""
