-- The journal of campaigns: the tables of a journal in SQLite, with the campaign's number in front of each key.

CREATE TABLE wikipayam.campaign (
    id       integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name     text NOT NULL UNIQUE,
    planner  bigint,
    request  text CHECK (request IN ('pause', 'cancel')),
    -- The run: claims succeed only while it is active.
    active   boolean NOT NULL DEFAULT false,
    queue    text,
    priority integer NOT NULL DEFAULT 0,
    terms    text,
    run      integer NOT NULL DEFAULT 0,
    spent    bigint NOT NULL DEFAULT 0
);

CREATE TABLE wikipayam.worker (
    id        bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    campaign  text,
    sends     boolean NOT NULL DEFAULT false,
    name      text NOT NULL,
    host      text NOT NULL,
    pid       integer NOT NULL,
    note      text,
    messages  bigint NOT NULL DEFAULT 0,
    rate      double precision NOT NULL DEFAULT 0,
    started   timestamptz NOT NULL DEFAULT clock_timestamp(),
    heartbeat timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The theoretical arrival times of the generic cell rate algorithm (GCRA), one row for each account.
CREATE TABLE wikipayam.rate (
    account  text PRIMARY KEY,
    requests timestamptz NOT NULL DEFAULT clock_timestamp(),
    messages timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE wikipayam.meta (
    campaign integer NOT NULL,
    key      text NOT NULL,
    value    text NOT NULL,
    PRIMARY KEY (campaign, key)
);

CREATE TABLE wikipayam.block (
    campaign integer NOT NULL,
    no       integer NOT NULL,
    digest   bytea NOT NULL,
    PRIMARY KEY (campaign, no)
);

CREATE TABLE wikipayam.chunk (
    campaign integer NOT NULL,
    no       integer NOT NULL,
    first    bigint NOT NULL,
    last     bigint NOT NULL,
    count    integer NOT NULL,
    state    text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'done')),
    attempt  integer NOT NULL DEFAULT 0,
    claim    text,
    worker   bigint,
    job      bigint,
    accepted integer NOT NULL DEFAULT 0,
    rejected integer NOT NULL DEFAULT 0,
    unknown  integer NOT NULL DEFAULT 0,
    PRIMARY KEY (campaign, no)
);
CREATE INDEX chunk_open ON wikipayam.chunk (campaign, state, no) WHERE state <> 'done';

CREATE TABLE wikipayam.message (
    campaign integer NOT NULL,
    index    bigint NOT NULL,
    chunk    integer,
    receiver text NOT NULL,
    text     text NOT NULL,
    sender   text,
    track_id text,
    "row"    bigint,
    columns  text,
    PRIMARY KEY (campaign, index)
);

CREATE TABLE wikipayam.outcome (
    campaign integer NOT NULL,
    index    bigint NOT NULL,
    status   text NOT NULL CHECK (status IN ('accepted', 'rejected', 'unknown')),
    id       text,
    reason   text,
    error    text,
    PRIMARY KEY (campaign, index)
);
CREATE INDEX outcome_not_accepted ON wikipayam.outcome (campaign, index) WHERE status <> 'accepted';

CREATE TABLE wikipayam.delivery (
    campaign integer NOT NULL,
    index    bigint NOT NULL,
    status   text NOT NULL,
    final    boolean NOT NULL,
    at       text NOT NULL,
    PRIMARY KEY (campaign, index)
);

CREATE TABLE wikipayam.resolution (
    campaign     integer NOT NULL,
    no           bigint GENERATED ALWAYS AS IDENTITY,
    index        bigint NOT NULL,
    decision     text NOT NULL,
    note         text NOT NULL,
    track_id     text,
    new_track_id text,
    before       text,
    at           text NOT NULL,
    PRIMARY KEY (campaign, no)
);
CREATE FUNCTION wikipayam.refuse_update() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$;
CREATE TRIGGER resolution_is_not_changed BEFORE UPDATE ON wikipayam.resolution
    FOR EACH ROW EXECUTE FUNCTION wikipayam.refuse_update();

CREATE TABLE wikipayam.opt_out (
    campaign integer NOT NULL,
    number   text NOT NULL,
    PRIMARY KEY (campaign, number)
);
