"""Where a release runs: each target shows the checks the same evidence, whatever is behind it."""

from promotion_gate.targets.target import Target, TargetError

__all__ = ["Target", "TargetError"]
