"""Whom we tell, and how: the two messages, the places they go to, and the outbox between."""
