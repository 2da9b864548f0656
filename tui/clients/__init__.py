"""Thin clients of what others run: each turns third-party failures into our few exceptions."""
