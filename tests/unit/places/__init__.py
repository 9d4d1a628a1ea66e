"""Files that run the agent as a service, and the agent as one file."""
