-- Two sample interfaces. What is there already is left as it is: a configuration is added only where no
-- other has its file_prefix or number, because a file that two match alike is rejected.

insert into rdscnfg.ext_interface (ext_interface_cid, interface_name, interface_desc) values
    (527, 'NDC_X_PA_TYPE', 'Prior authorization types of drugs'),
    (558, 'HOSPITAL_COST_REPORT', 'Hospital cost reports')
on conflict do nothing;

with sample (sid, cid, table_name, file_prefix, file_format, delimiter, query, columns) as (values
    (527, 527, 'dc_x_pa_flavor', '527.', 'txt', '|',
     'call rdsftorchestration.execute_sql_from_table(''rdsftcore'', ''dc_x_pa_flavor'', :load_id)',
     array['ndc', 'pa_type', 'pa_value', 'pa_eff_dt', 'pa_exp_dt', 'load_eff_dt', 'load_exp_dt']),
    (558, 558, 'hospital_cost_report', '558.', 'gz', ',',
     'call rdsftorchestration.execute_sql_from_table(''rdsftcore'', ''hospital_cost_report'', :load_id)',
     array['rpt_rec_num', 'prvdr_ctrl_type_cd', 'prvdr_num', 'npi', 'rpt_stus_cd', 'fy_bgn_dt', 'fy_end_dt',
         'proc_dt', 'initl_rpt_sw', 'last_rpt_sw', 'trnsmtl_num', 'fi_num', 'adr_vndr_cd', 'fi_creat_dt',
         'util_cd', 'npr_dt', 'spec_ind', 'fi_rcpt_dt'])
), added as (
    insert into rdscnfg.ext_file_config (
        ext_file_config_sid, ext_interface_cid, tgt_schema_name, tgt_table_name, file_prefix, file_format,
        file_type, delimiter, header_flag, trailer_flag, query, split_file_flag, load_id_column)
    select sid, cid, 'rdsftetl', table_name, file_prefix, file_format,
        file_format, delimiter, 'N', 'N', query, 'N', 'load_id'
    from sample
    where not exists (
        select from rdscnfg.ext_file_config c where c.file_prefix = sample.file_prefix or c.ext_file_config_sid = sid)
    returning ext_file_config_sid
), last_number (sid) as (
    select coalesce(max(ext_file_config_dtl_sid), 0) from rdscnfg.ext_file_config_dtl
)
insert into rdscnfg.ext_file_config_dtl (
    ext_file_config_dtl_sid, ext_file_config_sid, column_name, column_order_sqnc)
select last_number.sid + row_number() over (order by sample.sid, place), sample.sid, name, place
from added
join sample on sample.sid = added.ext_file_config_sid
cross join unnest(sample.columns) with ordinality as listed (name, place)
cross join last_number;
