"""The wire engine: load by the protocol itself, exact and cheap."""
