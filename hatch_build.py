"""Build the compiled core where a compiler is at hand; without one the package is plain Python."""

from __future__ import annotations

import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext

SOURCES = ("commentnlp/_core.c", "commentnlp/_rows.c")
OLDEST = "cp310"
"""The oldest Python whose stable interface the core keeps to: one build serves all later ones."""


class CoreBuildHook(BuildHookInterface):
    """Adds the compiled core to a wheel, or puts it beside its source for an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; leave the wheel as it is where that fails."""
        if self.target_name != "wheel" or sys.implementation.name != "cpython":
            return
        folder = Path(self.root) if version == "editable" else Path(tempfile.mkdtemp())
        library = compile_core(Path(self.root), folder)
        if library is None:
            self.app.display_warning("no compiled core: comments are tagged by plain Python")
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"{OLDEST}-abi3-{platform}"
        if version != "editable":
            build_data["force_include"][str(library)] = f"commentnlp/{library.name}"


def compile_core(root: Path, folder: Path) -> Path | None:
    """Compile the core into ``folder``; None where there is no compiler, or it fails."""
    extension = Extension(
        "commentnlp._core", [str(root / source) for source in SOURCES], py_limited_api=True
    )
    if sys.platform != "win32":
        extension.extra_compile_args = ["-O3", "-std=c99"]
    command = build_ext(Distribution({"name": "commentnlp", "ext_modules": [extension]}))
    command.build_lib = str(folder)
    command.build_temp = tempfile.mkdtemp()
    try:
        command.ensure_finalized()
        command.run()
    except Exception as error:  # compilers fail in many ways, and none may stop the install
        print(f"the compiled core was not built: {error}", file=sys.stderr)
        return None
    library = Path(command.get_ext_fullpath(extension.name))
    return library if library.exists() else None
