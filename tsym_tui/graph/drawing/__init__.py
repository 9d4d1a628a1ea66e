"""How a map becomes cells: geometry, raster, labels, numbers. Entered through `tsym_tui.graph.draw`."""
