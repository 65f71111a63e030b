"""The service: HTTP for the monitor, a memory of the room, and a live page."""
