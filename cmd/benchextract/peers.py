"""Turns files into Markdown with one of several packages. Each line of standard
input is a path in JSON, each line of standard output what came of it. A file is
read twice in a process of its own, and the second time is counted."""

import importlib.machinery
import json
import os
import resource
import sys
import time
import types
import warnings
from unittest.mock import MagicMock

warnings.filterwarnings("ignore")
LIMIT_SECONDS = 120
name, out = sys.argv[1], os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what packages print goes to standard error


def markitdown():
    from markitdown import MarkItDown

    made = MarkItDown(enable_plugins=False)
    return lambda path: made.convert_local(path).markdown


class Absent:
    """Stands for packages that only models need, where they are not installed."""

    names = ("torch", "torchvision", "transformers", "docling_ibm_models", "docling_parse", "rapidocr", "accelerate")

    class Module(types.ModuleType):
        __path__ = []

        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            if name[0].isupper():
                return type(name, (), {})
            part = MagicMock()
            for device in (part, part.mps):
                device.is_available.return_value = device.is_built.return_value = False
            return part

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            return importlib.machinery.ModuleSpec(name, self)

    def create_module(self, spec):
        return self.Module(spec.name)

    def exec_module(self, module):
        pass


def docling():
    """Without torch it reads all but PDF and pictures, which need its models."""
    sys.meta_path.append(Absent())
    from docling.document_converter import DocumentConverter

    made = DocumentConverter()
    return lambda path: made.convert(path).document.export_to_markdown()


def unstructured():
    """Without spaCy's English model, which is on no package index, rules find its sentences."""
    import spacy

    load = spacy.load

    def loaded(model, **options):
        try:
            return load(model, **options)
        except OSError:
            blank = spacy.blank("en")
            blank.add_pipe("sentencizer")
            return blank

    spacy.load = loaded
    from unstructured.partition.auto import partition

    def read(path):
        parts = []
        for e in partition(filename=path, strategy="fast"):
            if e.category == "Title":
                parts.append("# " + e.text)
            elif e.category == "Table":
                parts.append(e.metadata.text_as_html or e.text)
            else:
                parts.append(e.text)
        return "\n\n".join(parts)

    return read


def pypdf():
    from pypdf import PdfReader

    return lambda path: "\n\n".join(page.extract_text() for page in PdfReader(path).pages)


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def work(path, pipe):
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_SECONDS, LIMIT_SECONDS + 5))
    answer = {"Markdown": "", "Error": ""}
    try:
        begin = cpu()
        text = convert(path)
        if cpu() - begin < 10:
            begin = cpu()
            text = convert(path)
        answer["CPU"] = cpu() - begin
        answer["Markdown"] = text or ""
    except BaseException as error:
        answer["Error"] = type(error).__name__
    answer["Peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    with os.fdopen(pipe, "w") as f:
        json.dump(answer, f)
    os._exit(0)


convert = {"markitdown": markitdown, "docling": docling, "unstructured": unstructured, "pypdf": pypdf}[name]()
print("ready", file=out, flush=True)
for line in sys.stdin:
    mine, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(mine)
        work(json.loads(line), theirs)
    os.close(theirs)
    with os.fdopen(mine) as f:
        answer = f.read()
    os.waitpid(child, 0)
    print(answer or json.dumps({"Error": "timed out"}), file=out, flush=True)
