"""The statements of an import: `{id}` is its number, part of the names of its staging tables.

Nearly every row is plain: the only one in the file with its addresses, which nobody has and nobody
has suppressed. It is a new person, and needs no more thought. The other rows are tangled: their
person is known by e-mail address or phone number, the row that leads, the last one of each person,
carries the merged values, and consents are taken from every row.
"""

from __future__ import annotations

from dispatcher.storage.consents import PERMISSION_JOIN, PERMISSION_STATE
from dispatcher.storage.customers import VISIBLE

CREATE = """
    CREATE UNLOGGED TABLE import_rows_{id} (
        no bigint, line int, customer_id bigint,
        email text, email_digest bytea, email_wide bytea, email_bucket smallint,
        phone text, phone_digest bytea, phone_bucket smallint, zones text[],
        jurisdictions text[],
        attributes jsonb, consent_at bigint, told bigint);
    CREATE UNLOGGED TABLE import_told_{id} (
        told bigint, language text, country text, region text, zone text, hours_from smallint,
        hours_until smallint, days text, most_a_month smallint, prefers text, topics text[],
        channels text[],
        kind text, wording text, origin text, proves boolean);
    CREATE UNLOGGED TABLE import_rejects_{id} (
        line int, column_name text, value text, reason text);
    CREATE UNLOGGED TABLE import_merged_{id} (tangled boolean, after bigint, upto bigint)
"""

DROP = """
    DROP TABLE IF EXISTS import_rows_{id}, import_told_{id}, import_tangled_{id},
        import_people_{id}, import_rejects_{id}, import_merged_{id}
"""

# Rows lie as they came: chunk by chunk, within one in the order of their ids.
INDEX_STAGED = """
    CREATE INDEX ON import_rows_{id} USING brin (no) WITH (pages_per_range = 16);
    ALTER TABLE import_told_{id} ADD PRIMARY KEY (told);
    ANALYZE import_told_{id} (told);
    ANALYZE import_rows_{id} (no, email_digest, email_wide, phone_digest, told)
"""

# Whatever two rows of the file share, or a row shares with anybody, tangles all of these rows: so a
# plain row never has to do with another one, nor a tangled row with a plain one.
SPLIT = """
    SET LOCAL work_mem = '128MB';
    CREATE UNLOGGED TABLE import_tangled_{id} AS
    WITH twice AS (
        SELECT 'email' AS channel, email_digest AS digest FROM import_rows_{id}
        WHERE email_digest IS NOT NULL GROUP BY email_digest HAVING count(*) > 1
        UNION ALL
        SELECT 'sms', phone_digest FROM import_rows_{id}
        WHERE phone_digest IS NOT NULL GROUP BY phone_digest HAVING count(*) > 1
    ), tangled AS (
        SELECT s.no FROM import_rows_{id} s
        JOIN twice w ON w.channel = 'email' AND w.digest = s.email_digest
        UNION
        SELECT s.no FROM import_rows_{id} s
        JOIN twice w ON w.channel = 'sms' AND w.digest = s.phone_digest
        UNION
        SELECT s.no FROM import_rows_{id} s
        JOIN address a ON a.channel = 'email' AND a.digest = s.email_digest
        UNION
        SELECT s.no FROM import_rows_{id} s
        JOIN address a ON a.channel = 'sms' AND a.digest = s.phone_digest
        UNION
        SELECT s.no FROM import_rows_{id} s
        JOIN suppression x ON x.channel = 'email' AND x.digest = s.email_digest
        UNION
        SELECT s.no FROM import_rows_{id} s
        JOIN suppression x ON x.channel = 'email' AND x.digest = s.email_wide
        UNION
        SELECT s.no FROM import_rows_{id} s
        JOIN suppression x ON x.channel = 'sms' AND x.digest = s.phone_digest
    )
    SELECT s.no, s.line, s.customer_id,
           s.email, s.email_digest, coalesce(s.email_wide, s.email_digest) AS email_wide,
           s.email_bucket, s.phone, s.phone_digest, s.phone_bucket,
           coalesce(s.zones, '{{}}') AS zones, coalesce(s.jurisdictions, '{{}}') AS jurisdictions,
           t.language, t.country, t.region, t.zone, t.hours_from, t.hours_until, t.days,
           t.most_a_month, t.prefers, s.attributes, t.topics, t.channels,
           CAST('1970-01-01Z' AS timestamptz) + s.consent_at * interval '1 microsecond'
               AS consent_at,
           t.kind, t.wording, t.origin, t.proves AND s.consent_at IS NOT NULL AS proven
    FROM import_rows_{id} s JOIN tangled USING (no) JOIN import_told_{id} t USING (told);

    ALTER TABLE import_tangled_{id} ADD PRIMARY KEY (no);
    ANALYZE import_tangled_{id}
"""

# Of tangled rows. held_*: the customer who has this address now. by_*: the person this address
# stands for in the file. An address is not taken when it is suppressed, or when the person has
# another one already, on file or in an earlier row: consent was given for that one, not for the new
# one.
RESOLVE = """
    CREATE UNLOGGED TABLE import_people_{id} AS
    WITH held AS (
        SELECT s.no, s.line, s.customer_id, s.email, s.phone, s.email_digest, s.phone_digest,
               e.customer_id AS held_email, p.customer_id AS held_phone,
               EXISTS (SELECT FROM suppression x WHERE x.channel = 'email'
                       AND x.digest IN (s.email_digest, s.email_wide)) AS silent_email,
               EXISTS (SELECT FROM suppression x WHERE x.channel = 'sms'
                       AND x.digest = s.phone_digest) AS silent_phone
        FROM import_tangled_{id} s
        LEFT JOIN address e ON e.channel = 'email' AND e.digest = s.email_digest
        LEFT JOIN address p ON p.channel = 'sms' AND p.digest = s.phone_digest
    ), mail AS (
        SELECT *, CASE WHEN email_digest IS NOT NULL THEN coalesce(held_email,
            first_value(coalesce(held_phone, customer_id))
                OVER (PARTITION BY email_digest ORDER BY held_phone IS NULL, no)) END AS by_email
        FROM held
    ), named AS (
        SELECT *, CASE WHEN phone_digest IS NOT NULL THEN coalesce(held_phone,
            first_value(coalesce(by_email, customer_id))
                OVER (PARTITION BY phone_digest ORDER BY by_email IS NULL, no)) END AS by_phone
        FROM mail
    ), person AS (
        SELECT *, coalesce(by_email, by_phone) AS person,
               by_email IS NOT NULL AND by_phone IS NOT NULL AND by_email <> by_phone AS conflict
        FROM named
    ), known AS (
        SELECT p.*,
            coalesce(e.digest, first_value(p.email_digest) OVER (PARTITION BY p.person
                ORDER BY p.conflict, p.email_digest IS NULL, p.no)) AS own_email,
            coalesce(s.digest, first_value(p.phone_digest) OVER (PARTITION BY p.person
                ORDER BY p.conflict, p.phone_digest IS NULL, p.no)) AS own_phone
        FROM person p
        LEFT JOIN address e ON e.customer_id = p.person AND e.channel = 'email'
        LEFT JOIN address s ON s.customer_id = p.person AND s.channel = 'sms'
    ), judged AS (
        SELECT *,
            email_digest IS NOT NULL AND email_digest = own_email AND NOT silent_email
                AS takes_email,
            phone_digest IS NOT NULL AND phone_digest = own_phone AND NOT silent_phone
                AS takes_phone
        FROM known
    ), weighed AS (
        SELECT no, line, person, conflict, silent_email, silent_phone, takes_email, takes_phone,
            email_digest IS NOT NULL AND email_digest <> own_email AS other_email,
            phone_digest IS NOT NULL AND phone_digest <> own_phone AS other_phone,
            NOT conflict AND (takes_email OR takes_phone OR held_email IS NOT NULL
                              OR held_phone IS NOT NULL) AS good
        FROM judged
    )
    SELECT w.*, c.id IS NOT NULL AS known,
        good AND no = max(no) FILTER (WHERE good) OVER (PARTITION BY person) AS leads,
        dense_rank() OVER (ORDER BY person) AS place
    FROM weighed w LEFT JOIN customer c ON c.id = w.person ORDER BY person;

    CREATE INDEX ON import_people_{id} (place);
    ANALYZE import_people_{id};

    INSERT INTO import_rejects_{id} (line, column_name, value, reason)
    SELECT r.line, 'phone', s.phone,
        'the e-mail address and the phone number belong to different people'
    FROM import_people_{id} r JOIN import_tangled_{id} s USING (no) WHERE r.conflict
    UNION ALL
    SELECT r.line, 'email', s.email, CASE WHEN r.silent_email
        THEN 'this address is suppressed and was not taken'
        ELSE 'this person has another e-mail address already, which was kept' END
    FROM import_people_{id} r JOIN import_tangled_{id} s USING (no)
    WHERE NOT r.conflict AND (r.silent_email OR r.other_email)
    UNION ALL
    SELECT r.line, 'phone', s.phone, CASE WHEN r.silent_phone
        THEN 'this number is suppressed and was not taken'
        ELSE 'this person has another phone number already, which was kept' END
    FROM import_people_{id} r JOIN import_tangled_{id} s USING (no)
    WHERE NOT r.conflict AND (r.silent_phone OR r.other_phone)
    UNION ALL
    SELECT r.line, '', coalesce(s.email, s.phone),
        'duplicate: the same person comes again in line ' || l.line || ', which counts'
    FROM import_people_{id} r JOIN import_tangled_{id} s USING (no)
    JOIN import_people_{id} l ON l.person = r.person AND l.leads
    WHERE r.good AND NOT r.leads
"""

HAS_DUPLICATES = """
    SELECT EXISTS (SELECT FROM import_people_{id} WHERE good AND NOT leads)
"""

# The leading row takes from earlier ones what it does not say itself.
MERGE_DUPLICATES = """
    WITH many AS (
        SELECT person FROM import_people_{id} WHERE good GROUP BY person HAVING count(*) > 1
    ), told AS (
        SELECT r.person, r.no, r.takes_email, r.takes_phone, s.*
        FROM import_people_{id} r JOIN many USING (person)
        JOIN import_tangled_{id} s (n) ON s.n = r.no
        WHERE r.good
    ), merged AS (
        SELECT person, max(no) AS leader,
            (array_agg(language ORDER BY no DESC) FILTER (WHERE language <> ''))[1] AS language,
            (array_agg(country ORDER BY no DESC) FILTER (WHERE country <> ''))[1] AS country,
            (array_agg(ARRAY[country, region] ORDER BY no) FILTER (WHERE region <> '')) AS homes,
            (array_agg(zone ORDER BY no DESC) FILTER (WHERE zone <> ''))[1] AS zone,
            (array_agg(prefers ORDER BY no DESC) FILTER (WHERE prefers <> ''))[1] AS prefers,
            (array_agg(days ORDER BY no DESC) FILTER (WHERE days <> ''))[1] AS days,
            (array_agg(most_a_month ORDER BY no DESC) FILTER (WHERE most_a_month <> 0))[1] AS most,
            (array_agg(ARRAY[hours_from, hours_until] ORDER BY no)
                FILTER (WHERE hours_from <> hours_until)) AS hours,
            min(n) FILTER (WHERE takes_email) AS email_no,
            min(n) FILTER (WHERE takes_phone) AS phone_no
        FROM told GROUP BY person
    ), facts AS (
        SELECT t.person, jsonb_object_agg(f.key, f.value ORDER BY t.no) AS attributes
        FROM told t CROSS JOIN LATERAL jsonb_each(t.attributes) f GROUP BY t.person
    )
    UPDATE import_tangled_{id} s SET
        language = coalesce(m.language, ''), country = coalesce(m.country, ''),
        region = CASE m.homes[array_length(m.homes, 1)][1] WHEN m.country
                 THEN m.homes[array_length(m.homes, 1)][2] ELSE '' END,
        zone = coalesce(m.zone, ''), prefers = coalesce(m.prefers, ''),
        hours_from = coalesce(m.hours[array_length(m.hours, 1)][1], 0),
        hours_until = coalesce(m.hours[array_length(m.hours, 1)][2], 0),
        days = coalesce(m.days, ''), most_a_month = coalesce(m.most, 0),
        attributes = coalesce(f.attributes, '{{}}'),
        email = coalesce(e.email, s.email), email_digest = coalesce(e.email_digest, s.email_digest),
        email_wide = coalesce(e.email_wide, s.email_wide),
        email_bucket = coalesce(e.email_bucket, s.email_bucket),
        phone = coalesce(p.phone, s.phone), phone_digest = coalesce(p.phone_digest, s.phone_digest),
        phone_bucket = coalesce(p.phone_bucket, s.phone_bucket),
        zones = CASE WHEN p.no IS NULL THEN s.zones ELSE p.zones END,
        jurisdictions = CASE WHEN p.no IS NULL THEN s.jurisdictions ELSE p.jurisdictions END
    FROM merged m
    LEFT JOIN facts f USING (person)
    LEFT JOIN import_tangled_{id} e ON e.no = m.email_no
    LEFT JOIN import_tangled_{id} p ON p.no = m.phone_no
    WHERE s.no = m.leader;

    UPDATE import_people_{id} r SET takes_email = t.email, takes_phone = t.phone
    FROM (SELECT person, bool_or(takes_email) AS email, bool_or(takes_phone) AS phone
          FROM import_people_{id} WHERE good GROUP BY person HAVING count(*) > 1) t
    WHERE r.person = t.person AND r.leads
"""

LAST_PLACE = "SELECT coalesce(max(place), 0) FROM import_people_{id}"
LAST_ROW = "SELECT coalesce(max(no), 0) FROM import_rows_{id}"

# In the order of ids, as everybody locks people, so that an import never deadlocks with a reply.
LOCK_CUSTOMERS = """
    SELECT c.id FROM customer c WHERE c.id IN (
        SELECT r.person FROM import_people_{id} r
        WHERE r.leads AND r.known AND r.place > :after AND r.place <= :upto)
    ORDER BY c.id FOR NO KEY UPDATE
"""

# The good rows of a tangled chunk. `known`: the customer was there before; `spoken`: so was a
# consent.
CREATE_CHUNK = """
    CREATE TEMPORARY TABLE import_chunk ON COMMIT DROP AS
    SELECT r.person, r.leads, r.takes_email, r.takes_phone, r.silent_email, r.silent_phone,
           r.known, r.known AND EXISTS (
               SELECT FROM consent_event v WHERE v.customer_id = r.person) AS spoken,
           s.*
    FROM import_people_{id} r JOIN import_tangled_{id} s USING (no)
    WHERE r.good AND r.place > :after AND r.place <= :upto AND NOT (r.known AND EXISTS (
        SELECT FROM customer gone WHERE gone.id = r.person AND gone.erased_at IS NOT NULL))
    ORDER BY r.place
"""

# Somebody whom an unfinished import brought becomes this import's.
UPDATE_CUSTOMERS = f"""
    UPDATE customer c SET
        language = coalesce(nullif(l.language, ''), c.language),
        country = coalesce(nullif(l.country, ''), c.country),
        region = CASE WHEN l.region <> '' OR l.country NOT IN ('', c.country) THEN l.region
                      ELSE c.region END,
        zone = coalesce(nullif(l.zone, ''), c.zone),
        prefers = coalesce(nullif(l.prefers, ''), c.prefers),
        hours_from = CASE WHEN l.hours_from <> l.hours_until THEN l.hours_from
                          ELSE c.hours_from END,
        hours_until = CASE WHEN l.hours_from <> l.hours_until THEN l.hours_until
                           ELSE c.hours_until END,
        days = coalesce(nullif(l.days, ''), c.days),
        most_a_month = coalesce(nullif(l.most_a_month, 0), c.most_a_month),
        attributes = c.attributes || l.attributes,
        import_id = CASE WHEN {VISIBLE} THEN c.import_id ELSE :import_id END
    FROM import_chunk l WHERE l.leads AND l.known AND c.id = l.person
"""

ADD_CUSTOMERS = """
    INSERT INTO customer (id, import_id, language, country, region, zone, hours_from, hours_until,
                          days, most_a_month, prefers, attributes)
    SELECT person, :import_id, language, country, region, zone, hours_from, hours_until, days,
           most_a_month, prefers, attributes
    FROM import_chunk WHERE leads AND NOT known
"""

# Somebody may have signed up with the address while the import was at work.
ADD_ADDRESSES = """
    INSERT INTO address (customer_id, channel, address, digest, digest_wide, bucket, zones,
                         jurisdictions)
    SELECT person, 'email', email, email_digest, email_wide, email_bucket, '{}', '{}'
    FROM import_chunk WHERE leads AND takes_email
    UNION ALL
    SELECT person, 'sms', phone, phone_digest, phone_digest, phone_bucket, zones, jurisdictions
    FROM import_chunk WHERE leads AND takes_phone
    ON CONFLICT DO NOTHING
"""

ADD_PRESSURE = """
    INSERT INTO person_pressure (customer_id)
    SELECT person FROM import_chunk WHERE leads AND NOT known
"""

# Every consent that the rows of the chunk tell.
TOLD = """
    SELECT l.no, l.line, l.person, channel, topic, l.consent_at, l.kind, l.wording, l.origin,
           l.proven, CASE channel WHEN 'email' THEN NOT l.takes_email OR l.silent_email
                                  ELSE NOT l.takes_phone OR l.silent_phone END AS blocked
    FROM import_chunk l
    CROSS JOIN LATERAL unnest(l.channels) AS channel
    CROSS JOIN LATERAL unnest(l.topics) AS topic
"""

_JOIN = PERMISSION_JOIN.format(person="k.person")
CONSENTS = f"""
    WITH k AS ({TOLD} WHERE l.spoken)
    SELECT k.line, k.person, k.channel, k.topic, k.consent_at, k.kind, k.wording, k.origin,
           k.proven, k.blocked, {PERMISSION_STATE} = 'opted_out' AS out, consent_t.state
    FROM k {_JOIN.replace(":channel", "k.channel").replace(":topic", "k.topic")}
    ORDER BY k.no, k.channel, k.topic
"""
