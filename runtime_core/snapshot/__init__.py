"""Capture and restore: an isolate's state to a snapshot and back."""
