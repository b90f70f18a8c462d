"""The commands of `gate`, one file each; `promotion_gate.cli` lists them."""
