-- Which keys links and digests were made with; others would make every suppression miss.
CREATE TABLE key_fingerprint (
    fingerprint text PRIMARY KEY
);

-- People -----------------------------------------------------------------------------------------

CREATE TABLE brand (
    id             text PRIMARY KEY,
    name           text NOT NULL,
    email          text NOT NULL,               -- From address of its offers
    sms_sender     text NOT NULL DEFAULT '',
    postal_address text NOT NULL,
    contact        text NOT NULL DEFAULT ''     -- what HELP answers with
);

CREATE TABLE import (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text NOT NULL,                  -- file name as the operator gave it
    digest      text NOT NULL UNIQUE,           -- SHA-256 of file and mapping: a second run resumes
    state       text NOT NULL CHECK (state IN ('staging', 'merging', 'done', 'failed')),
    rows_read   bigint NOT NULL DEFAULT 0,
    rows_merged bigint NOT NULL DEFAULT 0,
    rejects     bigint NOT NULL DEFAULT 0,
    people      bigint NOT NULL DEFAULT 0,      -- new customers
    updated     bigint NOT NULL DEFAULT 0,      -- customers that were there already
    proven      bigint NOT NULL DEFAULT 0,      -- consents with full evidence
    unproven    bigint NOT NULL DEFAULT 0,      -- consents without: no marketing
    withheld    bigint NOT NULL DEFAULT 0,      -- consents not taken: the person has opted out
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);

CREATE TABLE customer (
    id          bigint PRIMARY KEY CHECK (id > 0),           -- random: says nothing of the person
    shard       smallint GENERATED ALWAYS AS ((id >> 45 & 255)::smallint) STORED,
    import_id   bigint,                                      -- invisible until that import is done
    language    text NOT NULL DEFAULT '',
    country     text NOT NULL DEFAULT '',
    region      text NOT NULL DEFAULT '',                    -- state or province: TX
    zone        text NOT NULL DEFAULT '',                    -- IANA name, as the person said
    hours_from  smallint NOT NULL DEFAULT 0,                 -- the person's own hours: minutes after
    hours_until smallint NOT NULL DEFAULT 0,                 -- local midnight; equal: none set
    days        text NOT NULL DEFAULT '',                    -- their own weekdays: 12345; '' any
    most_a_month smallint NOT NULL DEFAULT 0,                -- offers of all brands; 0: not said
    prefers     text NOT NULL DEFAULT '',                    -- the channel to try first, if any
    attributes  jsonb NOT NULL DEFAULT '{}',                 -- declared facts, template fields
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    erased_at   timestamptz
);

CREATE TABLE address (
    customer_id bigint NOT NULL,
    channel     text NOT NULL CHECK (channel IN ('email', 'sms')),
    address     text NOT NULL,                               -- normal form, E.164
    digest      bytea NOT NULL,                              -- keyed HMAC of the canonical form
    digest_wide bytea NOT NULL,                              -- the same without +tag (docs/tokens.md)
    bucket      smallint NOT NULL,                           -- keyed hash 0..9999, for holdouts
    zones       text[] NOT NULL DEFAULT '{}',                -- zones a phone number may be in
    jurisdictions text[] NOT NULL DEFAULT '{}',                -- those a phone number may be of: US-OR
    deliverable boolean NOT NULL DEFAULT true,
    PRIMARY KEY (customer_id, channel)
);
CREATE UNIQUE INDEX address_digest ON address (digest, channel);
CREATE INDEX address_wide ON address (channel, digest_wide) WHERE digest_wide <> digest;

-- The narrow row that caps are locked on; nothing else ever locks it.
CREATE TABLE person_pressure (
    customer_id bigint PRIMARY KEY
);

-- What caps count: offers sent and in flight. `at` is on the programme's clock.
CREATE TABLE contact (
    customer_id bigint NOT NULL,
    wave_id     bigint NOT NULL,
    at          timestamptz NOT NULL,
    channel     text NOT NULL,
    brand       text NOT NULL,
    subject     text NOT NULL,
    campaign_id bigint NOT NULL,
    offer_code  text NOT NULL DEFAULT '',
    reminds_of  text NOT NULL DEFAULT '',                    -- the product of a reminder
    asked       boolean NOT NULL DEFAULT false,              -- it answered the person's request
    reconfirms  bigint NOT NULL DEFAULT 0,                   -- the consent event it asked to renew
    PRIMARY KEY (customer_id, wave_id)
);

-- What a person last did about a product: looked at it, bought it, sent it back.
CREATE TABLE signal (
    customer_id bigint NOT NULL,
    brand       text NOT NULL,
    product     text NOT NULL,
    kind        text NOT NULL,
    at          timestamptz NOT NULL,                        -- on the programme's clock
    PRIMARY KEY (customer_id, brand, product, kind)
);
CREATE INDEX signal_of_product ON signal (brand, product);
CREATE INDEX signal_by_age ON signal (kind, at);

-- What is going on with a person, in which offers wait: a complaint, a failed payment, a wish for quiet.
CREATE TABLE context_flag (
    customer_id bigint NOT NULL,
    flag        text NOT NULL,
    brand       text NOT NULL DEFAULT '*',                   -- whose offers wait
    since       timestamptz NOT NULL,                        -- on the programme's clock, as all here
    until       timestamptz NOT NULL,                        -- infinity while open; then some rest
    closed_at   timestamptz,
    PRIMARY KEY (customer_id, flag, brand)
);

-- When a person last answered, joined, clicked or bought: offers ignored since then are counted.
CREATE TABLE sign_of_life (
    customer_id  bigint PRIMARY KEY,
    at           timestamptz NOT NULL,
    ended_before timestamptz NOT NULL                        -- older consents a silence has ended
);

-- When a person last asked for an offer. One that is marked so in `contact` since has answered it.
CREATE TABLE asked (
    customer_id bigint PRIMARY KEY,
    at          timestamptz NOT NULL                         -- on the programme's clock
);

-- Permission -------------------------------------------------------------------------------------

CREATE TABLE wording (
    digest        text PRIMARY KEY,                          -- SHA-256 of the very text shown
    text          text NOT NULL,
    language      text NOT NULL DEFAULT '',
    max_per_month smallint NOT NULL DEFAULT 0                -- offers it promises at most; 0: says none
);

CREATE TABLE consent_event (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL,
    seq         int NOT NULL,
    channel     text NOT NULL,
    topic       text NOT NULL,
    action      text NOT NULL,
    source      text NOT NULL,
    kind        text NOT NULL DEFAULT '',
    wording     text NOT NULL DEFAULT '',
    origin      text NOT NULL DEFAULT '',                    -- where it came from; nothing personal
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    commitments jsonb NOT NULL DEFAULT '{}',                 -- field -> H(salt, value)
    -- For checkpoints; not in the hash. A number, for a BRIN index knows no xid8.
    xid         bigint NOT NULL DEFAULT CAST(CAST(pg_current_xact_id() AS text) AS bigint),
    prev_hash   bytea NOT NULL,
    hash        bytea NOT NULL,
    UNIQUE (customer_id, seq),
    CHECK ((seq = 1) = (prev_hash = '\x0000000000000000000000000000000000000000000000000000000000000000'))
);
-- UNIQUE (customer_id, prev_hash) at a third of the price: the check above says it of first events.
CREATE UNIQUE INDEX consent_event_prev ON consent_event (customer_id, prev_hash) WHERE seq > 1;

-- Events lie in the order of their transactions, so a note for some pages is enough.
CREATE INDEX consent_event_xid ON consent_event USING brin (xid)
    WITH (pages_per_range = 16, autosummarize = on);

-- Values and salts, encrypted with the person's key; erasing them leaves the chain whole.
CREATE TABLE consent_evidence (
    event_id    bigint PRIMARY KEY,
    customer_id bigint NOT NULL,
    sealed      bytea NOT NULL
);
CREATE INDEX consent_evidence_person ON consent_evidence (customer_id);

CREATE SCHEMA vault;                                         -- kept out of base backups
CREATE TABLE vault.person_key (
    customer_id bigint PRIMARY KEY,
    key         bytea NOT NULL
);

CREATE TABLE consent_checkpoint (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    from_xid  bigint NOT NULL,                               -- covers consent_event rows with
    up_to     bigint NOT NULL,                               -- from_xid <= xid < up_to
    low_id    bigint NOT NULL,                               -- and low_id < id <= last_id
    last_id   bigint NOT NULL,
    people    bigint NOT NULL,
    prev_hash bytea NOT NULL,
    hash      bytea NOT NULL UNIQUE
);

-- The fold of consent_event, provably equal to it.
CREATE TABLE consent (
    customer_id bigint NOT NULL,
    channel     text NOT NULL,
    topic       text NOT NULL,
    state       text NOT NULL,
    event_id    bigint NOT NULL,
    own_hand    boolean NOT NULL,
    kind        text NOT NULL DEFAULT '',
    since       timestamptz NOT NULL,
    promised    smallint NOT NULL DEFAULT 0,                 -- offers a month, as the wording says
    PRIMARY KEY (customer_id, channel, topic)
);

-- Who asked to join and has not confirmed yet. Nothing of it stays of who never does.
CREATE TABLE pending (
    id         bigint PRIMARY KEY,                           -- random: names it in the link
    channel    text NOT NULL,
    address    text NOT NULL,
    digest     bytea NOT NULL,
    topics     text[] NOT NULL,
    language   text NOT NULL,
    wording    text NOT NULL,                                -- digest of the text shown
    origin     text NOT NULL,
    evidence   jsonb NOT NULL,                               -- personal: goes into the ledger or away
    requests   smallint NOT NULL DEFAULT 1,
    asked_at   timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    UNIQUE (channel, digest)
);
CREATE INDEX pending_expires ON pending (expires_at);

CREATE TABLE suppression (
    channel text NOT NULL,
    digest  bytea NOT NULL,
    brand   text NOT NULL DEFAULT '*',
    reason  text NOT NULL,
    source  text NOT NULL,
    at      timestamptz NOT NULL,
    PRIMARY KEY (channel, digest, brand)
);

-- Every narrowing of permission, in its own transaction
-- (docs/how-it-works.md#why-nobody-gets-what-they-did-not-ask-for).
CREATE TABLE withdrawal (
    xid       xid8 NOT NULL DEFAULT pg_current_xact_id(),
    person_id bigint NOT NULL DEFAULT 0,
    scope     text NOT NULL DEFAULT '',                      -- all, brand:x, campaign:7, gateway:y
    at        timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX withdrawal_xid ON withdrawal (xid);

-- What was erased of whom, and when: rows counted by table, nothing personal.
CREATE TABLE erasure (
    customer_id bigint PRIMARY KEY,
    asked_at    timestamptz NOT NULL,                        -- on the programme's clock
    finished_at timestamptz,
    erased      jsonb NOT NULL DEFAULT '{}',
    searched    smallint NOT NULL DEFAULT 0,                 -- how often it was gone through
    keeps_proof boolean NOT NULL DEFAULT false,              -- nobody asked for it: proofs have their time
    again_at    timestamptz DEFAULT clock_timestamp()        -- to be gone through (again); else done
);
CREATE INDEX erasure_again ON erasure (again_at) WHERE again_at IS NOT NULL;

-- Why people left, as far as they said; it is counted, and nowhere noted who said it.
CREATE TABLE leaving_reason (
    reason text PRIMARY KEY,
    people bigint NOT NULL
);

-- Campaigns --------------------------------------------------------------------------------------

CREATE TABLE campaign (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    brand      text NOT NULL REFERENCES brand (id),
    state      text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    note       text NOT NULL DEFAULT '',                     -- why it was paused or cancelled
    counted_from timestamptz NOT NULL DEFAULT '-infinity'    -- the breaker counts from the last resume
);

CREATE TABLE campaign_version (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id bigint NOT NULL REFERENCES campaign (id),
    no          int NOT NULL,
    source      text NOT NULL,                               -- the file as the marketer wrote it
    spec        jsonb NOT NULL,
    template    jsonb NOT NULL,
    digest      text NOT NULL,
    approved_by text NOT NULL,
    approved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (campaign_id, no)
);
CREATE FUNCTION forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER campaign_version_immutable BEFORE UPDATE OR DELETE ON campaign_version
    FOR EACH ROW EXECUTE FUNCTION forbid_change();
CREATE TRIGGER consent_checkpoint_immutable BEFORE UPDATE OR DELETE ON consent_checkpoint
    FOR EACH ROW EXECUTE FUNCTION forbid_change();
CREATE TRIGGER consent_event_immutable BEFORE UPDATE OR DELETE ON consent_event
    FOR EACH ROW EXECUTE FUNCTION forbid_change();

CREATE TABLE halt (
    scope text PRIMARY KEY,                                  -- all, brand:x, campaign:7, gateway:y
    actor text NOT NULL,
    at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE gateway_check (
    gateway  text NOT NULL,
    domain   text NOT NULL,                                  -- that sends by it
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    findings jsonb NOT NULL,                                 -- [[level, subject, told, remedy], ...]
    PRIMARY KEY (gateway, domain)
);

CREATE TABLE wave (
    id          bigint PRIMARY KEY,                          -- time-ordered: ms since 1970 * 1024 + n
    campaign_id bigint NOT NULL REFERENCES campaign (id),
    version_id  bigint NOT NULL REFERENCES campaign_version (id),
    brand       text NOT NULL,
    state       text NOT NULL CHECK (state IN ('planning', 'running', 'finished', 'cancelled')),
    shard_width smallint NOT NULL DEFAULT 1,                 -- a batch lies inside so many shards
    planned_to  smallint NOT NULL DEFAULT 0,                 -- shards below it are planned
    people      bigint NOT NULL DEFAULT 0,
    spent       numeric(14, 4) NOT NULL DEFAULT 0,           -- what settled messages have cost
    weight      int NOT NULL DEFAULT 5,
    asks        boolean NOT NULL DEFAULT false,              -- its offers ask for an answer
    closes_at   timestamptz NOT NULL,
    enqueue_key text NOT NULL UNIQUE,                        -- enqueueing twice is one wave
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);
CREATE INDEX wave_open ON wave (state) WHERE state IN ('planning', 'running');
CREATE INDEX wave_campaign ON wave (campaign_id);

-- What fairness goes by. Apart from its wave, which planning and spending lock; a channel each,
-- for texts must not wait because the same campaign's e-mail is fast.
CREATE TABLE share (
    wave_id     bigint NOT NULL,
    channel     text NOT NULL,
    served      float8 NOT NULL DEFAULT 0,                   -- people for the wave's weight
    not_before  timestamptz NOT NULL DEFAULT '-infinity',    -- a limit on all of it has no room
    PRIMARY KEY (wave_id, channel)
) WITH (fillfactor = 50);

-- What the breaker counts of a wave: hand-overs as they are settled, and whom they drove away.
CREATE TABLE wave_tally (
    wave_id     bigint NOT NULL,
    channel     text NOT NULL,
    accepted    bigint NOT NULL DEFAULT 0,
    refused     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (wave_id, channel)
) WITH (fillfactor = 50);
CREATE TABLE setback (
    wave_id     bigint NOT NULL,
    channel     text NOT NULL,
    kind        text NOT NULL,                               -- opt_out, complaint, bounce
    customer_id bigint NOT NULL,
    PRIMARY KEY (wave_id, channel, kind, customer_id)
);

-- The hand-over protocol; partitioned by wave, a partition a month -----------------------------------

CREATE TABLE audience (
    wave_id     bigint NOT NULL,
    shard       smallint NOT NULL,
    batch_no    int NOT NULL,
    customer_id bigint NOT NULL,
    PRIMARY KEY (wave_id, shard, customer_id)                -- a person's shard follows from the id
) PARTITION BY RANGE (wave_id);
CREATE INDEX audience_batch ON audience (wave_id, shard, batch_no);

CREATE TABLE batch (
    wave_id        bigint NOT NULL,
    shard          smallint NOT NULL,
    batch_no       int NOT NULL,
    channel        text NOT NULL,
    gateway        text NOT NULL,                            -- by which it goes, or last went
    route          text[] NOT NULL,                          -- gateways in order: the first that is up
    state          text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'leased', 'done')),
    size           int NOT NULL,
    not_before     timestamptz NOT NULL DEFAULT '-infinity',
    waits_for      text NOT NULL DEFAULT '',                 -- the rate all in it wait for, if any
    fence          bigint NOT NULL DEFAULT 0,
    lease_until    timestamptz,
    worker         text,
    permitted_upto int NOT NULL DEFAULT 0,                   -- ordinals below it may have been begun
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (wave_id, shard, batch_no)
);
CREATE INDEX batch_ready ON batch (channel, wave_id, not_before) WHERE state = 'ready';
CREATE SEQUENCE woken_batch_no AS int START 10000000;        -- batches of the deferred
CREATE INDEX batch_leased ON batch (lease_until) WHERE state = 'leased';

CREATE TABLE delivery (
    wave_id       bigint NOT NULL,
    customer_id   bigint NOT NULL,
    state         text NOT NULL,
    reason        text NOT NULL,
    channel       text NOT NULL,
    gateway       text NOT NULL,
    batch_no      int NOT NULL,                              -- the batch that decided last; -1: released
    attempt       smallint NOT NULL DEFAULT 0,               -- numbers reservations, one attempt each
    tries         smallint NOT NULL DEFAULT 0,               -- times a gateway deferred it
    ordinal       int NOT NULL DEFAULT 0,
    fence         bigint NOT NULL DEFAULT 0,
    consent_event bigint NOT NULL DEFAULT 0,
    rule          text NOT NULL DEFAULT '',
    decided_at    timestamptz NOT NULL,                      -- on the programme's clock
    held_since    timestamptz NOT NULL,                      -- when the first verdict was given
    not_before    timestamptz,
    send_before   timestamptz,
    settled_at    timestamptz,
    parts         smallint NOT NULL DEFAULT 0,
    cost          numeric(10, 4) NOT NULL DEFAULT 0,
    rendered      bytea NOT NULL DEFAULT '',                 -- SHA-256 of the text that was sent
    reference     text NOT NULL DEFAULT '',                  -- the gateway's own id
    code          text NOT NULL DEFAULT '',
    detail        text NOT NULL DEFAULT '',
    PRIMARY KEY (wave_id, customer_id)
) PARTITION BY RANGE (wave_id);

-- The last attempt is told by its delivery. Here stand those that were put off, and those on
-- which a gateway reports later under an id of its own.
CREATE TABLE attempt (
    wave_id     bigint NOT NULL,
    customer_id bigint NOT NULL,
    no          smallint NOT NULL,
    channel     text NOT NULL,
    gateway     text NOT NULL,
    fence       bigint NOT NULL,
    outcome     text NOT NULL,
    reference   text NOT NULL DEFAULT '',
    code        text NOT NULL DEFAULT '',
    detail      text NOT NULL DEFAULT '',
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (wave_id, customer_id, no)
) PARTITION BY RANGE (wave_id);
CREATE INDEX attempt_reference ON attempt (reference) WHERE reference <> '';

-- The rule books that have decided, so that each decision's hash names its rule data.
CREATE TABLE rule_book (
    hash             text PRIMARY KEY,
    name             text NOT NULL,
    version          text NOT NULL,
    data_version     text NOT NULL,
    data_fingerprint text NOT NULL,
    profile          text NOT NULL,
    data             bytea NOT NULL,                         -- the files themselves, to judge by
    overrides        bytea,                                  -- NULL: there was no such file
    first_used       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER rule_book_immutable BEFORE UPDATE OR DELETE ON rule_book
    FOR EACH ROW EXECUTE FUNCTION forbid_change();

-- One row for all verdicts of a round: the arrays stand in the same order.
CREATE TABLE decision (
    wave_id      bigint NOT NULL,
    shard        smallint NOT NULL,
    at           timestamptz NOT NULL,
    rule_book    text NOT NULL,
    customer_ids bigint[] NOT NULL,
    verdicts     text[] NOT NULL,
    reasons      text[] NOT NULL,
    rules        text[] NOT NULL,
    untils       float8[] NOT NULL,                          -- Unix seconds, NULL unless deferred
    facts        text[] NOT NULL
) PARTITION BY RANGE (wave_id);
CREATE INDEX decision_shard ON decision (wave_id, shard);
CREATE TRIGGER decision_immutable BEFORE UPDATE OR DELETE ON decision
    FOR EACH ROW EXECUTE FUNCTION forbid_change();

CREATE TABLE due (
    due_at      timestamptz NOT NULL,                        -- on the programme's clock
    shard       smallint NOT NULL,
    wave_id     bigint NOT NULL,
    customer_id bigint NOT NULL,
    behind      bigint,                                      -- the wave that is to speak first
    PRIMARY KEY (due_at, shard, wave_id, customer_id)
);
CREATE INDEX due_wave ON due (wave_id, due_at);
CREATE INDEX due_behind ON due (behind, customer_id) WHERE behind IS NOT NULL;

-- Makes the month's partitions; called before a wave is made. Waves are numbered by time.
CREATE FUNCTION ensure_partitions(wave bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month timestamptz := date_trunc('month', to_timestamp(wave / 1024 / 1000.0), 'UTC');
    low   bigint := extract(epoch FROM month) * 1000 * 1024;
    high  bigint := extract(epoch FROM (month AT TIME ZONE 'UTC' + interval '1 month')
                                       AT TIME ZONE 'UTC') * 1000 * 1024;
    part  text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_partitions'));
    FOREACH part IN ARRAY ARRAY['audience', 'delivery', 'attempt', 'decision'] LOOP
        IF to_regclass(format('%I', part || to_char(month AT TIME ZONE 'UTC', '_YYYY_MM'))) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s) %s',
                part || to_char(month AT TIME ZONE 'UTC', '_YYYY_MM'), part, low, high,
                CASE part WHEN 'delivery' THEN 'WITH (fillfactor = 50)' ELSE '' END);
        END IF;
    END LOOP;
END $$;

CREATE TABLE worker (
    id         text PRIMARY KEY,                             -- names its journal file
    host       text NOT NULL,
    boot_id    text NOT NULL,
    pid        int NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    beat_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    adopted_at timestamptz,                                  -- its journal has been read to the end
    clock_jump float8 NOT NULL DEFAULT 0                     -- seconds; not 0: it hands nothing over
);

CREATE TABLE rate (
    key text PRIMARY KEY,
    tat timestamptz NOT NULL,                                -- theoretical arrival time (GCRA)
    day int NOT NULL DEFAULT 0,                              -- of a budget: days since 0001-01-01
    used bigint NOT NULL DEFAULT 0                           -- parts of that day's budget
);

-- How each gateway is. A resting one is left alone; after it one batch of few people probes it.
CREATE TABLE gateway_health (
    gateway   text PRIMARY KEY,
    state     text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'resting', 'probing')),
    since     timestamptz NOT NULL DEFAULT clock_timestamp(),
    until     timestamptz NOT NULL DEFAULT clock_timestamp(), -- of a rest, or of a probe's patience
    trips     int NOT NULL DEFAULT 0,                        -- in a row
    reason    text NOT NULL DEFAULT '',
    stand_ins text[] NOT NULL DEFAULT '{}'                   -- who took over since
);

-- What gateways said, minute by minute; written once a round, never for a message.
CREATE TABLE gateway_minute (
    gateway  text NOT NULL,
    minute   timestamptz NOT NULL,
    accepted int NOT NULL DEFAULT 0,
    refused  int NOT NULL DEFAULT 0,
    deferred int NOT NULL DEFAULT 0,
    unsure   int NOT NULL DEFAULT 0,
    latency  int[] NOT NULL,                                 -- answers by how long they took
    PRIMARY KEY (gateway, minute)
) WITH (fillfactor = 50);

CREATE TABLE gateway_history (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    gateway text NOT NULL,
    what    text NOT NULL,
    reason  text NOT NULL DEFAULT ''
);
CREATE INDEX gateway_history_of ON gateway_history (gateway, id);
CREATE TRIGGER gateway_history_immutable BEFORE UPDATE OR DELETE ON gateway_history
    FOR EACH ROW EXECUTE FUNCTION forbid_change();

-- How far the programme's clock is ahead of the wall's; only safe mode may set it.
CREATE TABLE clock (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    ahead    interval NOT NULL DEFAULT '0'
);
INSERT INTO clock DEFAULT VALUES;

-- When records that were kept long enough are next to be deleted.
CREATE TABLE retention (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    next_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO retention DEFAULT VALUES;

-- The way back ------------------------------------------------------------------------------------

CREATE TABLE event (
    dedup_key   text PRIMARY KEY,
    gateway     text NOT NULL,
    kind        text NOT NULL,
    at          timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    wave_id     bigint,
    customer_id bigint,
    reference   text NOT NULL DEFAULT '',
    code        text NOT NULL DEFAULT '',
    detail      text NOT NULL DEFAULT ''
);
CREATE INDEX event_person ON event (customer_id);

CREATE TABLE reply (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dedup_key   text NOT NULL UNIQUE,
    gateway     text NOT NULL,
    channel     text NOT NULL,
    customer_id bigint,
    digest      bytea NOT NULL,                              -- who wrote, should we not know them
    text        text NOT NULL,
    label       text NOT NULL,
    unsure      boolean NOT NULL DEFAULT false,              -- obeyed as an opt-out; a person should look
    handed_over boolean NOT NULL DEFAULT false,              -- no answer we understand; a person should
    received_at timestamptz NOT NULL
);
CREATE INDEX reply_person ON reply (customer_id);
CREATE INDEX reply_unsure ON reply (received_at) WHERE unsure;
CREATE INDEX reply_bare ON reply (received_at) WHERE dedup_key LIKE 'mail:bare:%';
CREATE INDEX reply_handed_over ON reply (received_at) WHERE handed_over;

-- What people were asked by text: one question at a time, each of them once unless they reopen it.
CREATE TABLE conversation (
    customer_id bigint NOT NULL,
    question    text NOT NULL,
    channel     text NOT NULL,
    offered     text[] NOT NULL,                             -- choices in the order of their numbers
    wording     text NOT NULL,                               -- digest of the text shown
    state       text NOT NULL CHECK (state IN ('open', 'answered', 'skipped', 'dropped', 'handed_over')),
    answer      text NOT NULL DEFAULT '',
    tries       smallint NOT NULL DEFAULT 0,
    to_come     smallint NOT NULL DEFAULT 0,                 -- questions that may follow at once
    evidence    jsonb NOT NULL DEFAULT '{}',                 -- of a join that this question completes
    asked_at    timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    closed_at   timestamptz,
    PRIMARY KEY (customer_id, question)
);
CREATE UNIQUE INDEX conversation_open ON conversation (customer_id) WHERE state = 'open';

-- Codes of offers that people told us they have used.
CREATE TABLE redemption (
    customer_id bigint NOT NULL,
    offer_code  text NOT NULL,
    campaign_id bigint NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (customer_id, offer_code)
);

-- Mail that a person has to look at: replies in words of their own, and what nobody understood.
CREATE TABLE kept_mail (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest      text NOT NULL UNIQUE,
    kind        text NOT NULL,
    why         text NOT NULL,
    sender      text NOT NULL,
    subject     text NOT NULL,
    words       text NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX reply_sender ON reply (digest);

-- Answers to a person's own act: at least once, with the same idempotency key.
CREATE TABLE service_message (
    key         text PRIMARY KEY,
    customer_id bigint NOT NULL,
    channel     text NOT NULL,
    address     text NOT NULL,
    gateway     text NOT NULL,
    sender      text NOT NULL DEFAULT '',                    -- our number the person wrote to
    class       text NOT NULL,
    text        text NOT NULL,
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'accepted', 'refused', 'expired')),
    attempts    smallint NOT NULL DEFAULT 0,
    not_before  timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz NOT NULL,
    reference   text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX service_message_waiting ON service_message (not_before) WHERE state = 'waiting';
CREATE INDEX service_message_person ON service_message (customer_id);

CREATE TABLE sandbox_message (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel     text NOT NULL,
    gateway     text NOT NULL,
    sender      text NOT NULL,
    recipient   text NOT NULL,
    content     bytea NOT NULL,
    wave_id     bigint NOT NULL,
    customer_id bigint NOT NULL,
    attempt     smallint NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX sandbox_message_recipient ON sandbox_message (recipient);

CREATE TABLE audit (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor   text NOT NULL,
    action  text NOT NULL,
    subject text NOT NULL,
    detail  jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_subject ON audit (subject, action);
CREATE TRIGGER audit_immutable BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION forbid_change();
