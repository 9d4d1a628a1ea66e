"""Pure rules from evidence to findings. Nothing here yet."""
