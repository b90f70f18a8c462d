"""The promotion gate: a verdict from evidence. See docs/gate.md."""
