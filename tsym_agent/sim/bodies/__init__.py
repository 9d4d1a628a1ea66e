"""The JSON that a simulated daemon answers with, in the shapes and key orders of a real one."""
