"""Data travels one way: which module may import which of ours."""

import ast

import pytest

from .conftest import ROOT

BASE = {"errors", "records", "taxonomy", "tables", "shipped"}
MAY_IMPORT = {
    "errors": set(),
    "records": {"errors"},
    "inputs": set(),
    "tag_columns": {"records", "taxonomy"},
    "frames": {"errors", "inputs", "model", "records", "tag_columns"},
    "shipped": set(),
    "cycles": set(),
    "tables": {"errors"},
    "taxonomy": {"errors", "records"},
    "arrays": set(),
    "quantities": set(),
    "text": {"arrays", "quantities"},
    "denials": {"arrays", "errors"},
    "compiled_core": set(),
    "segment": {"compiled_core"},
    "features": {"arrays", "denials", "errors", "text", "segment"},
    "compiled_scoring": {"compiled_core", "features", "text"},
    "stacking": {"taxonomy"},
    "whole_files": {"errors"},
    "checkpoints": {"errors", "whole_files"},
    "model_folder": BASE
    | {"features", "language", "noise", "segment", "stacking", "text", "whole_files"},
    "noise": {"errors", "records", "shipped", "tables", "text"},
    "language": {"denials", "errors", "noise", "tables", "text", "features"},
    "model": BASE
    | {
        "arrays",
        "compiled_core",
        "compiled_scoring",
        "frames",
        "inputs",
        "text",
        "features",
        "model_folder",
        "noise",
        "stacking",
    },
    "reading": {"compiled_core", "errors", "records", "reading"},
    "layouts": set(),
    "workbooks": {"errors", "layouts", "whole_files"},
    "writing": {"errors", "layouts", "workbooks"},
    "inspection": {"errors", "model", "noise", "records", "reading"},
    "report": {
        "noise",
        "errors",
        "records",
        "taxonomy",
        "text",
        "tables",
        "reading",
        "model",
        "report",
        "cycles",
        "drift",
        "novelty",
        "intervals",
        "whole_files",
    },
    "annotation": {"errors", "layouts", "records", "taxonomy", "whole_files", "workbooks"},
    "samples": {"annotation", "errors", "records", "taxonomy", "reading"},
    "similar": set(),
    "holdout": {"records", "similar", "text"},
    "comparison": {"evaluation", "model", "records", "taxonomy"},
    "registry": BASE | {"comparison", "model", "model_folder", "samples", "whole_files"},
    "intervals": set(),
    "novelty": {"arrays", "text", "features", "model", "similar"},
    "suggestion": {"errors", "records", "taxonomy", "model", "novelty", "similar"},
    "drift": {"text", "features", "model", "similar", "intervals", "novelty"},
    "evaluation": {"records", "taxonomy", "model"},
    "corpus": BASE | {"samples", "evaluation"},
    "training": BASE
    | {
        "arrays",
        "model_folder",
        "corpus",
        "drift",
        "segment",
        "features",
        "language",
        "model",
        "samples",
        "evaluation",
        "stacking",
    },
    "audit": BASE | {"corpus", "language", "samples", "similar", "training", "workbooks"},
    "tagging": {"records", "taxonomy", "reading", "model", "layouts", "tag_columns", "text"},
    "workers": {"errors", "reading", "model", "layouts", "tag_columns", "tagging"},
    "spark": {"errors", "model", "model_folder", "records"},
    "batch": {
        "checkpoints",
        "cycles",
        "errors",
        "reading",
        "model",
        "layouts",
        "tag_columns",
        "tagging",
        "whole_files",
        "workbooks",
        "workers",
        "writing",
    },
    "client": {"errors"},
    "sending": {"errors", "reading", "records"},
    "service": BASE
    | {
        "compiled_core",
        "noise",
        "reading",
        "model",
        "model_folder",
        "samples",
        "drift",
        "report",
        "service",
        "whole_files",
        "",
    },
    "cli": BASE
    | {
        "client",
        "sending",
        "compiled_core",
        "model_folder",
        "whole_files",
        "service",
        "cli",
        "model",
        "batch",
        "checkpoints",
        "inspection",
        "samples",
        "evaluation",
        "comparison",
        "reading",
        "suggestion",
        "tag_columns",
        "annotation",
        "audit",
        "holdout",
        "registry",
        "workbooks",
        "corpus",
        "language",
        "training",
        "writing",
        "report",
        "",
    },
    "__main__": {"cli"},
    "__init__": {"errors", "records", "taxonomy", "model"},
}
ONLY_IN = {
    "jieba": "segment",
    "rjieba": "segment",
    "sklearn": "training suggestion audit",
    "cleanlab": "audit",
    "opencc": "text",
    "openpyxl": "reading",
    "pandas": "frames model",
    "xlrd": "reading",
    "zstandard": "reading",
    "xlsxwriter": "annotation workbooks report",
    "pyspark": "spark",
    "matplotlib": "report",
    "jinja2": "report service",
    "fastapi": "service",
    "starlette": "service",
    "sqlalchemy": "service",
    "alembic": "service",
    "apprise": "service",
    "prometheus_client": "service",
    "msgspec": "service",
}


def modules():
    for path in sorted((ROOT / "commentnlp").rglob("*.py")):
        place = path.relative_to(ROOT / "commentnlp").parts[0].removesuffix(".py")
        yield pytest.param(place, path, id=str(path.relative_to(ROOT)))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize(("place", "path"), list(modules()))
def test_arrows(place, path):
    for name in imported(path):
        top, _, rest = name.partition(".")
        if top == "commentnlp":
            assert rest.split(".")[0] in MAY_IMPORT[place], f"{place} imports {name}"
        if top in ONLY_IN:
            assert place in ONLY_IN[top].split(), f"{place} imports {name}"


@pytest.mark.parametrize(("place", "path"), list(modules()))
def test_the_library_neither_prints_nor_reads_the_environment(place, path):
    if place in ("cli", "__main__", "compiled_core"):
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert "print" not in names
    assert not {"environ", "getenv", "basicConfig"} & attributes
