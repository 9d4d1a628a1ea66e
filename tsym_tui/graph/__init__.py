"""The tailnet as a drawing: graph model, layouts, looks, rasteriser, exporters. Values in, values out; no Textual."""
