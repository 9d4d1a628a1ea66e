"""Control planes: the clients, their errors and their credentials."""
