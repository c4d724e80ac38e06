-- The statements of a transformation, and the procedures that run them in order.

create table if not exists rdsftorchestration.job_config_sqls (
    schema_name varchar(200) not null,
    table_name varchar(200) not null,
    serial_no integer not null,
    sql_command varchar(65535) not null
);

-- Puts a value for every p_word in a text that is a word of its own: prep_load_id is none for p_load_id.
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

-- For one load: p_load_id in a statement stands for the load id.
create or replace procedure rdsftorchestration.execute_sql_from_table(
    p_schema varchar, p_table varchar, p_load varchar)
as $$
declare
    job record;
    jobs integer := 0;
    command varchar(65535);
begin
    for job in
        select sql_command from rdsftorchestration.job_config_sqls
        where schema_name = p_schema and table_name = p_table
        order by serial_no
    loop
        command := job.sql_command;
        call rdsftorchestration.replace_word(command, 'p_load_id', quote_literal(p_load));
        execute command;
        jobs := jobs + 1;
    end loop;
    if jobs = 0 then
        raise exception 'job_config_sqls has no statements for %.%', p_schema, p_table;
    end if;
end;
$$ language plpgsql;

-- For a window of time, as the Python framework's configuration calls it: p_etl_from_timestamp and
-- p_etl_to_timestamp in a statement are replaced as they stand.
create or replace procedure rdsftorchestration.execute_sql_from_table(
    p_schema varchar, p_table varchar, p_from varchar, p_to varchar)
as $$
declare
    job record;
    jobs integer := 0;
    command varchar(65535);
begin
    for job in
        select sql_command from rdsftorchestration.job_config_sqls
        where schema_name = p_schema and table_name = p_table
        order by serial_no
    loop
        command := job.sql_command;
        call rdsftorchestration.replace_word(command, 'p_etl_from_timestamp', p_from);
        call rdsftorchestration.replace_word(command, 'p_etl_to_timestamp', p_to);
        execute command;
        jobs := jobs + 1;
    end loop;
    if jobs = 0 then
        raise exception 'job_config_sqls has no statements for %.%', p_schema, p_table;
    end if;
end;
$$ language plpgsql;
