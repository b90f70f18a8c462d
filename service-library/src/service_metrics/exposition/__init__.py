"""How metrics are written: one file a format."""
