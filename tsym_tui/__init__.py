"""What a person sees: the `tsym` command and the app."""
