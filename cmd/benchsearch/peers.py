"""Other programs that find vectors, asked what benchsearch asks its own engine.

The first argument is a job in JSON: build from a file of vectors, or answer a
file of questions within each scope. Each line of standard output is a report in
JSON. Settings are those that a program's own guide starts with, named in the
class's comment; every one searches within the filter and not before it.
"""

import json
import os
import resource
import sys
import time

import numpy as np

PAGE = 5000  # vectors handed over at a time


def tell(what, **more):
    print(json.dumps({"what": what, **more}), flush=True)


def cpu():
    return sum(resource.getrusage(resource.RUSAGE_SELF)[:2])


def resident():
    for line in open("/proc/self/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) << 10
    return 0


def on_disk(folder):
    return sum(os.path.getsize(os.path.join(at, f)) for at, _, files in os.walk(folder) for f in files)


def sql(scope):
    """The filter as SQL, None for no filter."""
    if scope["item"] >= 0:
        return f"item = {scope['item']}"
    return f"grp < {scope['below']}" if scope["below"] else None


class Faiss:
    """IndexFlatIP: every vector in float32, exact. The filter is a bitmap."""

    def __init__(self, job):
        import faiss

        self.lib, self.version = faiss, faiss.__version__
        self.path = os.path.join(job["dir"], "index.faiss")
        chunks = np.arange(job["rows"])
        self.items = chunks // job["per_item"]
        self.groups = self.items % job["groups"]
        self.filters = {}

    def make(self, dim):
        return self.lib.IndexFlatIP(dim)

    def build(self, pages, dim):
        index = self.make(dim)
        for _, vectors, _, _ in pages:
            index.add(vectors)
        self.lib.write_index(index, self.path)

    def open(self):
        self.index = self.lib.read_index(self.path)

    def parameters(self, selector):
        return self.lib.SearchParameters(sel=selector)

    def narrowed(self, scope):
        name = scope["name"]
        if name not in self.filters:
            held = self.items == scope["item"] if scope["item"] >= 0 else self.groups < scope["below"]
            bits = np.packbits(held, bitorder="little")
            unfiltered = scope["item"] < 0 and not scope["below"]
            self.filters[name] = (bits, self.parameters(None if unfiltered else self.lib.IDSelectorBitmap(bits)))
        return self.filters[name][1]

    def ask(self, vector, k, scope):
        _, ids = self.index.search(vector[None], k, params=self.narrowed(scope))
        return [int(i) for i in ids[0] if i >= 0]


class FaissHNSW(Faiss):
    """IndexHNSWFlat, M 32, efConstruction 100, efSearch 100."""

    def make(self, dim):
        index = self.lib.IndexHNSWFlat(dim, 32, self.lib.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = 100
        return index

    def parameters(self, selector):
        if selector is None:
            return self.lib.SearchParametersHNSW(efSearch=100)
        return self.lib.SearchParametersHNSW(sel=selector, efSearch=100)


class Lance:
    """create_index(metric="cosine"), the default index, and refine_factor 10, which
    compares ten times as many by their vectors; filtered before searching."""

    def __init__(self, job):
        import lancedb

        self.version = lancedb.__version__
        self.db = lancedb.connect(job["dir"])

    def build(self, pages, dim):
        import pyarrow as pa

        table = None
        for first, vectors, groups, items in pages:
            batch = pa.table({
                "id": np.arange(first, first + len(vectors)),
                "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), dim),
                "grp": groups, "item": items,
            })
            if table is None:
                table = self.db.create_table("chunks", batch)
            else:
                table.add(batch)
        table.create_index(metric="cosine")
        for column in ("grp", "item"):
            table.create_scalar_index(column)

    def open(self):
        self.table = self.db.open_table("chunks")

    def ask(self, vector, k, scope):
        query = self.table.search(vector).distance_type("cosine").select(["id", "_distance"]).refine_factor(10).limit(k)
        if sql(scope):
            query = query.where(sql(scope), prefilter=True)
        return [row["id"] for row in query.to_list()]


class Qdrant:
    """QdrantClient(path=…), the local mode, which is exact."""

    def __init__(self, job):
        import importlib.metadata

        import qdrant_client

        self.lib, self.version = qdrant_client, importlib.metadata.version("qdrant-client") + " local"
        self.path = os.path.join(job["dir"], "local")

    def build(self, pages, dim):
        m = self.lib.models
        client = self.lib.QdrantClient(path=self.path)
        client.create_collection("chunks", m.VectorParams(size=dim, distance=m.Distance.COSINE))
        for first, vectors, groups, items in pages:
            client.upsert("chunks", m.Batch(
                ids=list(range(first, first + len(vectors))), vectors=vectors.tolist(),
                payloads=[{"grp": int(g), "item": int(i)} for g, i in zip(groups, items)],
            ))
        client.close()

    def open(self):
        self.client = self.lib.QdrantClient(path=self.path)

    def ask(self, vector, k, scope):
        m = self.lib.models
        must = []
        if scope["item"] >= 0:
            must = [m.FieldCondition(key="item", match=m.MatchValue(value=scope["item"]))]
        elif scope["below"]:
            must = [m.FieldCondition(key="grp", range=m.Range(lt=scope["below"]))]
        found = self.client.query_points("chunks", query=vector.tolist(), limit=k, with_payload=False,
                                         query_filter=m.Filter(must=must) if must else None)
        return [p.id for p in found.points]


class Chroma:
    """PersistentClient, cosine, its HNSW as it comes."""

    def __init__(self, job):
        import chromadb

        self.version = chromadb.__version__
        self.client = chromadb.PersistentClient(job["dir"], chromadb.Settings(anonymized_telemetry=False))

    def build(self, pages, dim):
        chunks = self.client.create_collection("chunks", metadata={"hnsw:space": "cosine"}, embedding_function=None)
        for first, vectors, groups, items in pages:
            chunks.add(ids=[str(first + i) for i in range(len(vectors))], embeddings=vectors,
                       metadatas=[{"grp": int(g), "item": int(i)} for g, i in zip(groups, items)])

    def open(self):
        self.chunks = self.client.get_collection("chunks", embedding_function=None)

    def ask(self, vector, k, scope):
        where = None
        if scope["item"] >= 0:
            where = {"item": scope["item"]}
        elif scope["below"]:
            where = {"grp": {"$lt": scope["below"]}}
        found = self.chunks.query(query_embeddings=[vector], n_results=k, where=where, include=[])
        return [int(i) for i in found["ids"][0]]


class SQLiteVec:
    """A vec0 table with the filter's columns, which compares every vector."""

    def __init__(self, job):
        import apsw  # Python's own sqlite3 is often built without extensions
        import sqlite_vec

        self.version = sqlite_vec.__version__
        self.db = apsw.Connection(os.path.join(job["dir"], "vectors.db"))
        self.db.enable_load_extension(True)
        self.db.load_extension(sqlite_vec.loadable_path())

    def build(self, pages, dim):
        self.db.execute(f"CREATE VIRTUAL TABLE chunks USING vec0(vector float[{dim}] distance_metric=cosine, grp integer, item integer)")
        for first, vectors, groups, items in pages:
            rows = ((first + i, v.tobytes(), int(g), int(it)) for i, (v, g, it) in enumerate(zip(vectors, groups, items)))
            with self.db:
                self.db.executemany("INSERT INTO chunks (rowid, vector, grp, item) VALUES (?, ?, ?, ?)", rows)

    def open(self):
        pass

    def ask(self, vector, k, scope):
        narrowed = f" AND {sql(scope)}" if sql(scope) else ""
        return [row[0] for row in self.db.execute(
            f"SELECT rowid FROM chunks WHERE vector MATCH ? AND k = ?{narrowed} ORDER BY distance", (vector.tobytes(), k))]


class DuckDB:
    """ORDER BY array_inner_product: every vector, without its extension for HNSW."""

    def __init__(self, job):
        import duckdb

        self.version = duckdb.__version__
        self.dim = job["dim"]
        self.db = duckdb.connect(os.path.join(job["dir"], "vectors.duckdb"))

    def build(self, pages, dim):
        import pyarrow as pa

        self.db.execute(f"CREATE TABLE chunks (id INTEGER, grp INTEGER, item INTEGER, vector FLOAT[{dim}])")
        for first, vectors, groups, items in pages:
            batch = pa.table({
                "id": np.arange(first, first + len(vectors)), "grp": groups, "item": items,
                "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), dim),
            })
            self.db.register("batch", batch)
            self.db.execute("INSERT INTO chunks SELECT id, grp, item, vector FROM batch")
        self.db.close()

    def open(self):
        pass

    def ask(self, vector, k, scope):
        where = f"WHERE {sql(scope)}" if sql(scope) else ""
        return [row[0] for row in self.db.execute(
            f"SELECT id FROM chunks {where} ORDER BY array_inner_product(vector, ?::FLOAT[{self.dim}]) DESC LIMIT {k}",
            [vector.tolist()]).fetchall()]


ENGINES = {
    "faiss": Faiss, "faiss-hnsw": FaissHNSW, "lancedb": Lance, "qdrant": Qdrant,
    "chroma": Chroma, "sqlite-vec": SQLiteVec, "duckdb": DuckDB,
}


def pages(job):
    vectors = np.memmap(job["vectors"], np.float32, "r", shape=(job["rows"], job["dim"]))
    said = time.monotonic()
    for first in range(0, job["rows"], PAGE):
        page = np.ascontiguousarray(vectors[first : first + PAGE])
        items = np.arange(first, first + len(page)) // job["per_item"]
        yield first, page, items % job["groups"], items
        if time.monotonic() - said > 5:
            said = time.monotonic()
            tell("progress", done=first + len(page))


def build(engine, job):
    start, spent = time.perf_counter(), cpu()
    engine.build(pages(job), job["dim"])
    tell("built", ms=[(time.perf_counter() - start) * 1000], cpu=cpu() - spent, bytes=on_disk(job["dir"]))


def series(what, count, ask):
    for i in range(min(5, count - 1)):  # which do not count
        ask(count - 1 - i)
    spent, ids, ms = cpu(), [], []
    for i in range(count):
        begin = time.perf_counter()
        ids.append(ask(i))
        ms.append((time.perf_counter() - begin) * 1000)
    tell(what, ids=ids, ms=ms, cpu=cpu() - spent, bytes=resident())


def answer(engine, job):
    questions = np.fromfile(job["questions"], np.float32).reshape(-1, job["dim"])

    def first(_):
        engine.open()
        return engine.ask(questions[0], job["k"], job["scopes"][0])

    series("opened", 1, first)
    for scope in job["scopes"]:
        series("vector " + scope["name"], len(questions), lambda i: engine.ask(questions[i], job["k"], scope))


def main():
    job = json.loads(sys.argv[1])
    engine = ENGINES[job["engine"]](job)
    tell("version", text=engine.version)
    if job["do"] == "build":
        build(engine, job)
    else:
        answer(engine, job)


main()
