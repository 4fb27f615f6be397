-- +goose Up
-- What people judged to answer a question, or not to, and how well search did on it since.
CREATE TABLE gold_judgement (
    library_uid TEXT NOT NULL REFERENCES library (uid) ON DELETE CASCADE,
    question_id TEXT NOT NULL,                   -- SHA-256 of the question in its normal form
    item_uid    TEXT NOT NULL REFERENCES item (uid) ON DELETE CASCADE,
    start_at    BIGINT NOT NULL,                 -- of the passage, in code points of the document's text
    end_at      BIGINT NOT NULL,
    question    TEXT NOT NULL,                   -- as it was typed
    quote       TEXT NOT NULL DEFAULT '',        -- how the passage began when it was judged
    grade       BIGINT NOT NULL CHECK (grade BETWEEN 0 AND 2), -- 0: does not answer it
    judged_by   TEXT NOT NULL,                   -- username
    judged_at   TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (library_uid, question_id, item_uid, start_at)
);
CREATE INDEX gold_judgement_item ON gold_judgement (item_uid);
CREATE TABLE eval_run (
    id          TEXT PRIMARY KEY,                -- rises with time
    library_uid TEXT NOT NULL REFERENCES library (uid) ON DELETE CASCADE,
    at          TIMESTAMPTZ NOT NULL,
    settings    TEXT NOT NULL,                   -- how was searched, in words
    questions   BIGINT NOT NULL,
    ndcg        DOUBLE PRECISION NOT NULL,      -- of the first ten
    recall      DOUBLE PRECISION NOT NULL,      -- of the first hundred
    mrr         DOUBLE PRECISION NOT NULL,      -- of the first ten
    p50_ms      DOUBLE PRECISION NOT NULL,
    p95_ms      DOUBLE PRECISION NOT NULL
);
CREATE INDEX eval_run_library ON eval_run (library_uid, at, id);

-- +goose Down
DROP TABLE eval_run;
DROP TABLE gold_judgement;
