-- The statements of a transformation, and the procedures that run them in order.

create table if not exists rdsftorchestration.job_config_sqls (
    schema_name varchar(200) not null,
    table_name varchar(200) not null,
    serial_no integer not null,
    sql_command varchar(65535) not null
);

-- Replaces every p_word that is a whole word of the text by a value: prep_load_id does not contain p_load_id.
create or replace procedure rdsftorchestration.replace_word(
    p_text inout varchar(65535), p_word in varchar(256), p_value in varchar(65535))
as $$
declare
    ready varchar(65535) := '';
    place integer := strpos(p_text, p_word);
begin
    while place > 0 loop
        if substring(' ' || p_text, place, 1) ~ '[A-Za-z0-9_$]'
            or substring(p_text, place + len(p_word), 1) ~ '[A-Za-z0-9_$]'
        then
            ready := ready || substring(p_text, 1, place);
            p_text := substring(p_text, place + 1, 65535);
        else
            ready := ready || substring(p_text, 1, place - 1) || p_value;
            p_text := substring(p_text, place + len(p_word), 65535);
        end if;
        place := strpos(p_text, p_word);
    end loop;
    p_text := ready || p_text;
end;
$$ language plpgsql;

-- Runs the statements of a table in the order of serial_no; equal numbers run in the order of their
-- text. The values replace the words in each statement; a null word replaces nothing.
--
-- Redshift allows one open cursor in a session, and a FOR loop over a query opens one. So this loop
-- selects one statement at a time: a statement may call a procedure that needs the cursor.
--
-- Each turn selects the first statement after the one that just ran, by number and text and not by
-- position. So a statement may change this table: a row added further on runs, a row deleted before
-- its turn does not, and a row that deletes itself makes no other row run twice or not at all. Rows
-- with the same number and text are counted at their turn, and each of them runs.
create or replace procedure rdsftorchestration.execute_statements(
    p_schema in varchar, p_table in varchar, p_word in varchar, p_value in varchar,
    p_other_word in varchar, p_other_value in varchar)
as $$
declare
    last_number integer;
    last_command varchar(65535);
    alike integer;
    statements integer := 0;
    command varchar(65535);
begin
    loop
        select serial_no, sql_command, count(*) into last_number, last_command, alike
        from rdsftorchestration.job_config_sqls
        where schema_name = p_schema and table_name = p_table
            and (last_number is null or serial_no > last_number
                or (serial_no = last_number and sql_command > last_command))
        group by serial_no, sql_command
        order by serial_no, sql_command
        limit 1;
        exit when not found;
        command := last_command;
        call rdsftorchestration.replace_word(command, p_word, p_value);
        call rdsftorchestration.replace_word(command, p_other_word, p_other_value);
        for turn in 1..alike loop
            execute command;
            statements := statements + 1;
        end loop;
    end loop;
    if statements = 0 then
        raise exception 'job_config_sqls has no statements for %.%', p_schema, p_table;
    end if;
end;
$$ language plpgsql;

-- For one load: p_load_id in a statement stands for the load id.
create or replace procedure rdsftorchestration.execute_sql_from_table(
    p_schema varchar, p_table varchar, p_load varchar)
as $$
begin
    call rdsftorchestration.execute_statements(
        p_schema, p_table, 'p_load_id', quote_literal(p_load), null, null);
end;
$$ language plpgsql;

-- For a window of time, as the Python framework's configuration calls it: p_etl_from_timestamp and
-- p_etl_to_timestamp in a statement are replaced as they stand.
create or replace procedure rdsftorchestration.execute_sql_from_table(
    p_schema varchar, p_table varchar, p_from varchar, p_to varchar)
as $$
begin
    call rdsftorchestration.execute_statements(
        p_schema, p_table, 'p_etl_from_timestamp', p_from, 'p_etl_to_timestamp', p_to);
end;
$$ language plpgsql;
