"""Asks neo4j-graphrag's HybridRetriever what the program was asked, on the same
server and indexes. Each line of standard input is a question with its vector
and how many hits it wants, each line of standard output the milliseconds that its answer took and the
number of hits."""

import json
import os
import sys
import time

import neo4j
from neo4j_graphrag.retrievers import HybridRetriever

driver = neo4j.GraphDatabase.driver(
    os.environ["BENCH_URL"], auth=(os.environ["BENCH_USER"], os.environ["BENCH_PASSWORD"])
)
index = driver.execute_query(
    "MATCH (s:EmbeddingSpace {id: $space}) RETURN s.index", space=os.environ["BENCH_SPACE"]
).records[0][0]
retriever = HybridRetriever(driver, index, "chunk_words", return_properties=["text"])

for line in sys.stdin:
    question = json.loads(line)
    begin = time.perf_counter()
    found = retriever.search(query_text=question["text"], query_vector=question["vector"], top_k=question["top"])
    took = (time.perf_counter() - begin) * 1000
    print(json.dumps({"took": took, "hits": len(found.items)}), flush=True)
