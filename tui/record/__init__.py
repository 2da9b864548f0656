"""What happened: the journals of incidents, append-only and chained."""
