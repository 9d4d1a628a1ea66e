"""Run the benchmarks: `python -m tests.bench [NAME …]`. Exit 1 when a limit does not hold."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import tests.bench
from tests.bench.harness import Figure, table


def main(wanted: list[str]) -> int:
    """Measure all `bench_*` modules, or those named, save each figure and print the table."""
    names = [module.name for module in pkgutil.iter_modules(tests.bench.__path__) if module.name.startswith("bench_")]
    figures: list[Figure] = []
    for name in names:
        if wanted and name.removeprefix("bench_") not in wanted:
            continue
        for figure in importlib.import_module(f"tests.bench.{name}").measure():
            figure.save()
            figures.append(figure)
            print(f"  {figure.name}: {figure.figure:.2f} {figure.unit}, {figure.ratio:.2f}x", file=sys.stderr)
    print("\n".join(table(figures)))
    return 0 if all(figure.ok for figure in figures) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
