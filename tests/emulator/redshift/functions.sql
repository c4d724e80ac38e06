-- Functions that Redshift has and Postgres has not, or has with another meaning. The schema stands on
-- the search path before pg_catalog.

CREATE FUNCTION getdate() RETURNS timestamp LANGUAGE sql STABLE AS
    $$ SELECT date_trunc('second', statement_timestamp() AT TIME ZONE 'UTC') $$;
CREATE FUNCTION sysdate() RETURNS timestamp LANGUAGE sql STABLE AS
    $$ SELECT transaction_timestamp() AT TIME ZONE 'UTC' $$;

CREATE FUNCTION len(text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT length($1) $$;
CREATE FUNCTION textlen(text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT length($1) $$;
CREATE FUNCTION charindex(text, text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT strpos($2, $1) $$;
CREATE FUNCTION regexp_replace(text, text, text) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT pg_catalog.regexp_replace($1, $2, $3, 'g') $$;
CREATE FUNCTION regexp_substr(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT coalesce(pg_catalog.regexp_substr($1, $2), '') $$;
CREATE FUNCTION sha2(text, integer) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT encode(CASE $2 WHEN 0 THEN sha256(convert_to($1, 'UTF8')) WHEN 224 THEN sha224(convert_to($1, 'UTF8'))
         WHEN 256 THEN sha256(convert_to($1, 'UTF8')) WHEN 384 THEN sha384(convert_to($1, 'UTF8'))
         WHEN 512 THEN sha512(convert_to($1, 'UTF8')) END, 'hex') $$;

CREATE FUNCTION trunc(timestamp) RETURNS date LANGUAGE sql IMMUTABLE AS $$ SELECT $1::date $$;
CREATE FUNCTION last_day(timestamp) RETURNS date LANGUAGE sql IMMUTABLE AS
    $$ SELECT (date_trunc('month', $1) + interval '1 month - 1 day')::date $$;
CREATE FUNCTION add_months(timestamp, integer) RETURNS timestamp LANGUAGE sql IMMUTABLE AS
    $$ SELECT CASE WHEN $1::date = redshift.last_day($1)
         THEN redshift.last_day($1 + make_interval(months => $2)) + $1::time
         ELSE $1 + make_interval(months => $2) END $$;
CREATE FUNCTION date_cmp(date, date) RETURNS integer LANGUAGE sql IMMUTABLE AS
    $$ SELECT CASE WHEN $1 < $2 THEN -1 WHEN $1 > $2 THEN 1 WHEN $1 = $2 THEN 0 END $$;
CREATE FUNCTION timestamp_cmp(timestamp, timestamp) RETURNS integer LANGUAGE sql IMMUTABLE AS
    $$ SELECT CASE WHEN $1 < $2 THEN -1 WHEN $1 > $2 THEN 1 WHEN $1 = $2 THEN 0 END $$;
CREATE FUNCTION convert_timezone(text, text, timestamp) RETURNS timestamp LANGUAGE sql STABLE AS
    $$ SELECT $3 AT TIME ZONE $1 AT TIME ZONE $2 $$;
CREATE FUNCTION convert_timezone(text, timestamp) RETURNS timestamp LANGUAGE sql STABLE AS
    $$ SELECT $2 AT TIME ZONE 'UTC' AT TIME ZONE $1 $$;

CREATE FUNCTION date_part_unit(part text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE lower(part)
        WHEN 'y' THEN 'year' WHEN 'yr' THEN 'year' WHEN 'yrs' THEN 'year' WHEN 'years' THEN 'year' WHEN 'yyyy' THEN 'year'
        WHEN 'qtr' THEN 'quarter' WHEN 'qtrs' THEN 'quarter' WHEN 'quarters' THEN 'quarter'
        WHEN 'mon' THEN 'month' WHEN 'mons' THEN 'month' WHEN 'months' THEN 'month' WHEN 'mm' THEN 'month'
        WHEN 'w' THEN 'week' WHEN 'weeks' THEN 'week'
        WHEN 'd' THEN 'day' WHEN 'days' THEN 'day' WHEN 'dd' THEN 'day'
        WHEN 'h' THEN 'hour' WHEN 'hr' THEN 'hour' WHEN 'hrs' THEN 'hour' WHEN 'hours' THEN 'hour' WHEN 'hh' THEN 'hour'
        WHEN 'm' THEN 'minute' WHEN 'min' THEN 'minute' WHEN 'mins' THEN 'minute' WHEN 'minutes' THEN 'minute'
        WHEN 'mi' THEN 'minute'
        WHEN 's' THEN 'second' WHEN 'sec' THEN 'second' WHEN 'secs' THEN 'second' WHEN 'seconds' THEN 'second'
        WHEN 'ss' THEN 'second'
        WHEN 'ms' THEN 'millisecond' WHEN 'msec' THEN 'millisecond' WHEN 'milliseconds' THEN 'millisecond'
        WHEN 'us' THEN 'microsecond' WHEN 'usec' THEN 'microsecond' WHEN 'microseconds' THEN 'microsecond'
        WHEN 'dw' THEN 'dow' WHEN 'dayofweek' THEN 'dow' WHEN 'dayofyear' THEN 'doy' WHEN 'dy' THEN 'doy'
        ELSE lower(part) END $$;
CREATE FUNCTION dateadd(part text, amount bigint, moment timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE redshift.date_part_unit(part)
        WHEN 'month' THEN redshift.add_months(moment, amount::integer)
        WHEN 'year' THEN redshift.add_months(moment, 12 * amount::integer)
        WHEN 'quarter' THEN redshift.add_months(moment, 3 * amount::integer)
        ELSE moment + amount * ('1 ' || redshift.date_part_unit(part))::interval END $$;
CREATE FUNCTION date_add(part text, amount bigint, moment timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE AS
    $$ SELECT redshift.dateadd($1, $2, $3) $$;
-- Counts the boundaries that lie between, not whole units.
CREATE FUNCTION datediff(part text, since timestamp, until timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE redshift.date_part_unit(part)
        WHEN 'year' THEN extract(year FROM until) - extract(year FROM since)
        WHEN 'quarter' THEN 4 * (extract(year FROM until) - extract(year FROM since))
            + extract(quarter FROM until) - extract(quarter FROM since)
        WHEN 'month' THEN 12 * (extract(year FROM until) - extract(year FROM since))
            + extract(month FROM until) - extract(month FROM since)
        WHEN 'week' THEN (date_trunc('week', until + interval '1 day')::date
            - date_trunc('week', since + interval '1 day')::date) / 7
        WHEN 'day' THEN until::date - since::date
        ELSE extract(epoch FROM date_trunc(redshift.date_part_unit(part), until)
                - date_trunc(redshift.date_part_unit(part), since))
            / extract(epoch FROM ('1 ' || redshift.date_part_unit(part))::interval) END::bigint $$;
CREATE FUNCTION date_diff(part text, since timestamp, until timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE AS
    $$ SELECT redshift.datediff($1, $2, $3) $$;
CREATE FUNCTION months_between(timestamp, timestamp) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN extract(day FROM $1) = extract(day FROM $2)
             OR ($1::date = redshift.last_day($1) AND $2::date = redshift.last_day($2))
        THEN redshift.datediff('month', $2, $1)
        ELSE redshift.datediff('month', $2, $1) + (extract(day FROM $1) - extract(day FROM $2)) / 31 END::double precision $$;

-- TO_DATE lets a day or month that is too high run over into the next, unless it is told to be strict.
CREATE FUNCTION date_field(value text, format text, field text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT substr(value, strpos(upper(format), field), length(field))::integer WHERE strpos(upper(format), field) > 0 $$;
CREATE FUNCTION to_date(value text, format text, strict boolean) RETURNS date LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN pg_catalog.to_date(value, format);
EXCEPTION WHEN datetime_field_overflow THEN
    IF strict OR upper(format) !~ '^[^A-Z]*(YYYY|MM|DD)([^A-Z]*(YYYY|MM|DD))*[^A-Z]*$' THEN
        RAISE;
    END IF;
    RETURN make_date(redshift.date_field(value, format, 'YYYY'), 1, 1)
        + make_interval(months => coalesce(redshift.date_field(value, format, 'MM'), 1) - 1)
        + make_interval(days => coalesce(redshift.date_field(value, format, 'DD'), 1) - 1);
END $$;
CREATE FUNCTION to_date(text, text) RETURNS date LANGUAGE sql IMMUTABLE AS $$ SELECT redshift.to_date($1, $2, false) $$;

CREATE FUNCTION try_cast(value text, wanted text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT CAST(%L AS %s)::text', value, wanted) INTO result;
    RETURN result;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END $$;

-- What the last COPY of this session loaded, and the number of the last statement.
CREATE FUNCTION pg_last_copy_count() RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT coalesce(nullif(current_setting('redshift.last_copy_count', true), ''), '0')::bigint $$;
CREATE FUNCTION pg_last_copy_id() RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT coalesce(nullif(current_setting('redshift.last_copy_id', true), ''), '-1')::bigint $$;
CREATE FUNCTION pg_last_query_id() RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT coalesce(nullif(current_setting('redshift.last_query_id', true), ''), '-1')::bigint $$;

-- Called before every statement that opens a cursor: a session may have one. Clients report these words for a
-- second DECLARE; UNPROVED: that a procedure fails with the same words.
CREATE FUNCTION refuse_second_cursor() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_cursors) THEN
        RAISE invalid_cursor_state USING
            MESSAGE = 'opening multiple cursors from within the same client connection is not allowed.';
    END IF;
END $$;

-- Before the length of a column changes, the check of the old one goes.
CREATE FUNCTION drop_bytes_check(owner text, changed text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    found name;
BEGIN
    FOR found IN SELECT conname FROM pg_constraint WHERE conrelid = owner::regclass AND contype = 'c'
        AND left(conname, 15) = 'redshift_bytes_' AND right(conname, 12) = left(md5(changed), 12)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', owner, found);
    END LOOP;
END $$;

-- System tables. Rows are written beside the transaction that they tell of, so they outlive its rollback.
CREATE TABLE sys_load_error_detail (
    user_id integer, query_id bigint, transaction_id bigint, session_id integer, database_name varchar(64),
    table_id integer, start_time timestamp, file_name varchar(256), line_number bigint, column_name varchar(127),
    column_type varchar(10), column_length varchar(10), "position" integer, error_code integer, error_message varchar(512));
CREATE TABLE stl_load_errors (
    userid integer, slice integer, tbl integer, starttime timestamp, session integer, query bigint,
    filename varchar(256), line_number bigint, colname varchar(127), type varchar(10), col_length varchar(10),
    "position" integer, raw_line varchar(1024), raw_field_value varchar(1024), err_code integer, err_reason varchar(100),
    is_partial integer, start_offset bigint);
CREATE TABLE sys_load_detail (
    user_id integer, query_id bigint, transaction_id bigint, session_id integer, database_name varchar(64),
    table_name varchar(128), start_time timestamp, file_name varchar(256), bytes_scanned bigint, lines_scanned bigint);
CREATE TABLE sys_query_history (
    user_id integer, query_id bigint, query_type varchar(32), transaction_id bigint, session_id integer,
    database_name varchar(128), status varchar(10), start_time timestamp, end_time timestamp, execution_time bigint,
    error_message varchar(512), returned_rows bigint, query_text varchar(4000));
GRANT SELECT ON ALL TABLES IN SCHEMA redshift TO PUBLIC;
