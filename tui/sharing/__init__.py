"""Working one incident from several consoles: copies of the record, and who holds what."""
