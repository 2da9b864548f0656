"""What we hand on: pure renderers of what the record says."""
