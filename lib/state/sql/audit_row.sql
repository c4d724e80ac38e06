-- The audit row of the Python framework, if one is wanted and its interface exists. Times are in the configured
-- zone, and texts are cut to what the columns take, because no text may keep a file from ending.
insert into :"audit" (
    ext_interface_cid, tgt_schema_name, tgt_table_name, file_process_status, file_prcsd_flag,
    merge_query, error_msg, update_query, escape_char,
    file_process_date, created_date, modified_date,
    start_time, end_time)
select
    i.ext_interface_cid,
    left(:'audit_schema'::text, 200),
    left(:'audit_table'::text, 200),
    left(:'audit_status'::text, 50),
    case when :'audit_status'::text = 'FINISHED' then 'Y' else 'N' end,
    left(nullif(:'merge_query'::text, ''), 65535),
    left(nullif(:'error_msg'::text, ''), 4000),
    left(nullif(:'update_query'::text, ''), 65535),
    left(nullif(:'escape_char'::text, ''), 50),
    :now at time zone :'timezone'::text,
    :now at time zone :'timezone'::text,
    :now at time zone :'timezone'::text,
    to_timestamp(:'audit_start_ms'::double precision / 1000) at time zone :'timezone'::text,
    to_timestamp(:'audit_end_ms'::double precision / 1000) at time zone :'timezone'::text
from changed c
join :"interface" i on i.ext_interface_cid = nullif(:'audit_interface'::text, '')::numeric
where :'is_audited'::boolean
