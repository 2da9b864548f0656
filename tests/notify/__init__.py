"""Whom we tell: messages, targets, outbox."""
