"""What a screen is made of: panes that draw rows. Each takes the desk in and redraws when told."""
