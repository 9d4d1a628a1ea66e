"""Tests of looks, layouts, drawing and exporters."""
