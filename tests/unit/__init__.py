"""Plain tests of values, clients and services."""
