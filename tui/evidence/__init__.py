"""What is kept of an incident: everything that was said and seen, redacted, in one archive."""
