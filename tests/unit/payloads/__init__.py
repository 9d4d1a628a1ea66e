"""Bodies of daemons by release, and the tests that read them."""
