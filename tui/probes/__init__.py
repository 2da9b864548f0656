"""What the world says: one file a probe, and their schedule."""
