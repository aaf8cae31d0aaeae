-- Columns for what is asked for, JSON for what is only read back whole. Times are RFC 3339 UTC with nanoseconds, so that
-- their order as text is their order in time.
CREATE TABLE campaign_runs (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    topology TEXT NOT NULL,
    campaign TEXT NOT NULL,
    started TEXT NOT NULL,
    ended TEXT,
    planned_runs INTEGER NOT NULL,
    version TEXT NOT NULL,
    duration_override_seconds REAL,
    interrupted INTEGER NOT NULL,
    topology_json TEXT NOT NULL
) STRICT;

CREATE INDEX campaign_runs_started ON campaign_runs (started);

CREATE TABLE facts (
    campaign_run INTEGER NOT NULL REFERENCES campaign_runs (number) ON DELETE CASCADE,
    probe TEXT NOT NULL,
    facts_json TEXT NOT NULL,
    PRIMARY KEY (campaign_run, probe)
) STRICT;

CREATE TABLE runs (
    campaign_run INTEGER NOT NULL REFERENCES campaign_runs (number) ON DELETE CASCADE,
    id INTEGER NOT NULL,
    source TEXT NOT NULL,
    destination TEXT NOT NULL,
    test TEXT NOT NULL,
    tool TEXT NOT NULL,
    direction TEXT NOT NULL,
    repetition INTEGER NOT NULL,
    status TEXT NOT NULL,
    verdict TEXT NOT NULL,
    started TEXT NOT NULL,
    ended TEXT NOT NULL,
    error TEXT,
    specification_json TEXT NOT NULL,
    command_json TEXT NOT NULL,
    server_command_json TEXT NOT NULL,
    measurement_json TEXT NOT NULL,
    assessment_json TEXT NOT NULL,
    path_json TEXT NOT NULL,
    source_counters_json TEXT NOT NULL,
    destination_counters_json TEXT NOT NULL,
    PRIMARY KEY (campaign_run, id)
) STRICT;

-- The course of a throughput run; its measurement_json holds the rest.
CREATE TABLE intervals (
    campaign_run INTEGER NOT NULL,
    run INTEGER NOT NULL,
    flow TEXT NOT NULL CHECK (flow IN ('main', 'reverse')),
    position INTEGER NOT NULL,
    start_seconds REAL NOT NULL,
    end_seconds REAL NOT NULL,
    throughput_bits_per_second REAL NOT NULL,
    retransmits INTEGER,
    lost_packets INTEGER,
    omitted INTEGER NOT NULL,
    PRIMARY KEY (campaign_run, run, flow, position),
    FOREIGN KEY (campaign_run, run) REFERENCES runs (campaign_run, id) ON DELETE CASCADE
) STRICT;

-- Standard output as the tool wrote it, byte for byte.
CREATE TABLE raw_outputs (
    campaign_run INTEGER NOT NULL,
    run INTEGER NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('client', 'server')),
    output BLOB NOT NULL,
    PRIMARY KEY (campaign_run, run, side),
    FOREIGN KEY (campaign_run, run) REFERENCES runs (campaign_run, id) ON DELETE CASCADE
) STRICT;
