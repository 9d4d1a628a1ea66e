"""What the screens say, line by line: pure functions from values to rows of runs. No Textual, no clock, no I/O."""
