-- The sample interfaces: which staging rows are valid, and how they enter the core tables. Each
-- statement touches only the rows of its own load. A table whose statements are there already keeps
-- them.

create or replace view rdsftetl.dc_x_pa_flavor_checked as
select *,
    case when ndc is not null and trim(ndc) <> ''
        and pa_type in ('C', 'N', 'P', 'A', 'D', 'Q', 'B', 'I', 'PB')
        and pa_value in ('0', '1')
        and rdsftetl.fn_chk_date(pa_eff_dt, '%Y%m%d') = 0
        and rdsftetl.fn_chk_date(pa_exp_dt, '%Y%m%d') = 0
        and rdsftetl.fn_chk_date(load_eff_dt, '%Y%m%d') = 0
        and rdsftetl.fn_chk_date(load_exp_dt, '%Y%m%d') = 0
    then 1 else 0 end as is_valid
from rdsftetl.dc_x_pa_flavor;

create or replace view rdsftetl.hospital_cost_report_checked as
select *,
    case when prvdr_num is not null and trim(prvdr_num) <> '' and rpt_rec_num is not null
        and prvdr_ctrl_type_cd in ('1', '2', '3', '4', '5')
        and rpt_stus_cd in ('1', '2', '3', '4', '5')
        and coalesce(nullif(initl_rpt_sw, ''), 'N') in ('Y', 'N')
        and coalesce(nullif(last_rpt_sw, ''), 'N') in ('Y', 'N')
        and coalesce(nullif(util_cd, ''), 'F') in ('L', 'N', 'F')
        and coalesce(nullif(adr_vndr_cd, ''), '2') in ('2', '3', '4', '5')
        and rdsftetl.fn_chk_date(fy_bgn_dt, '%m/%d/%Y') = 0
        and rdsftetl.fn_chk_date(fy_end_dt, '%m/%d/%Y') = 0
        and rdsftetl.fn_chk_date(proc_dt, '%m/%d/%Y') = 0
        and rdsftetl.fn_chk_date(fi_creat_dt, '%m/%d/%Y') = 0
        and rdsftetl.fn_chk_date(npr_dt, '%m/%d/%Y') = 0
        and rdsftetl.fn_chk_date(fi_rcpt_dt, '%m/%d/%Y') = 0
    then 1 else 0 end as is_valid
from rdsftetl.hospital_cost_report;

-- A version is current while its to_date is ahead, or open. Versions without a date are versions of
-- the same fact as well: hence coalesce.
insert into rdsftorchestration.job_config_sqls (schema_name, table_name, serial_no, sql_command)
select 'rdsftcore', 'dc_x_pa_flavor', serial_no, sql_command
from (
    select 1 as serial_no, cast('
insert into rdsftetl.dc_x_pa_flavor_error
    (ndc, pa_type, pa_value, pa_eff_dt, pa_exp_dt, load_eff_dt, load_exp_dt, file_name, load_id)
select ndc, pa_type, pa_value, pa_eff_dt, pa_exp_dt, load_eff_dt, load_exp_dt, file_name, load_id
from rdsftetl.dc_x_pa_flavor_checked
where load_id = p_load_id and is_valid = 0' as varchar(65535)) as sql_command
    union all
    select 2, '
update rdsftcore.dc_x_pa_flavor
set to_date = getdate()
from rdsftetl.dc_x_pa_flavor_checked staged
where staged.load_id = p_load_id and staged.is_valid = 1
    and coalesce(dc_x_pa_flavor.to_date, ''9999-12-31'') > getdate()
    and dc_x_pa_flavor.ndc = staged.ndc
    and dc_x_pa_flavor.pa_type = staged.pa_type
    and coalesce(dc_x_pa_flavor.pa_eff_dt, ''0001-01-01'')
        = coalesce(rdsftetl.fn_read_date(staged.pa_eff_dt, ''%Y%m%d''), ''0001-01-01'')
    and coalesce(dc_x_pa_flavor.load_eff_dt, ''0001-01-01'')
        = coalesce(rdsftetl.fn_read_date(staged.load_eff_dt, ''%Y%m%d''), ''0001-01-01'')'
    union all
    select 3, '
insert into rdsftcore.dc_x_pa_flavor
    (ndc, pa_type, pa_value, pa_eff_dt, pa_exp_dt, load_eff_dt, load_exp_dt, from_date, to_date, file_name)
select ndc, pa_type, pa_value,
    rdsftetl.fn_read_date(pa_eff_dt, ''%Y%m%d''), rdsftetl.fn_read_date(pa_exp_dt, ''%Y%m%d''),
    rdsftetl.fn_read_date(load_eff_dt, ''%Y%m%d''), rdsftetl.fn_read_date(load_exp_dt, ''%Y%m%d''),
    rdsftetl.fn_read_date(pa_eff_dt, ''%Y%m%d''), rdsftetl.fn_read_date(pa_exp_dt, ''%Y%m%d''), file_name
from rdsftetl.dc_x_pa_flavor_checked
where load_id = p_load_id and is_valid = 1'
) jobs
where (select count(*) from rdsftorchestration.job_config_sqls
    where schema_name = 'rdsftcore' and table_name = 'dc_x_pa_flavor') = 0;

insert into rdsftorchestration.job_config_sqls (schema_name, table_name, serial_no, sql_command)
select 'rdsftcore', 'hospital_cost_report', serial_no, sql_command
from (
    select 1 as serial_no, cast('
insert into rdsftetl.hospital_cost_report_error
    (rpt_rec_num, prvdr_ctrl_type_cd, prvdr_num, npi, rpt_stus_cd, fy_bgn_dt, fy_end_dt, proc_dt, initl_rpt_sw,
    last_rpt_sw, trnsmtl_num, fi_num, adr_vndr_cd, fi_creat_dt, util_cd, npr_dt, spec_ind, fi_rcpt_dt, file_name,
    load_id)
select rpt_rec_num, prvdr_ctrl_type_cd, prvdr_num, npi, rpt_stus_cd, fy_bgn_dt, fy_end_dt, proc_dt, initl_rpt_sw,
    last_rpt_sw, trnsmtl_num, fi_num, adr_vndr_cd, fi_creat_dt, util_cd, npr_dt, spec_ind, fi_rcpt_dt, file_name,
    load_id
from rdsftetl.hospital_cost_report_checked
where load_id = p_load_id and is_valid = 0' as varchar(65535)) as sql_command
    union all
    select 2, '
update rdsftcore.hospital_cost_report
set to_date = getdate()
from rdsftetl.hospital_cost_report_checked staged
where staged.load_id = p_load_id and staged.is_valid = 1
    and coalesce(hospital_cost_report.to_date, ''9999-12-31'') > getdate()
    and hospital_cost_report.prvdr_num = staged.prvdr_num
    and hospital_cost_report.rpt_rec_num = staged.rpt_rec_num'
    union all
    select 3, '
insert into rdsftcore.hospital_cost_report
    (rpt_rec_num, prvdr_ctrl_type_cd, prvdr_num, npi, rpt_stus_cd, fy_bgn_dt, fy_end_dt, proc_dt, initl_rpt_sw,
    last_rpt_sw, trnsmtl_num, fi_num, adr_vndr_cd, fi_creat_dt, util_cd, npr_dt, spec_ind, fi_rcpt_dt, from_date,
    to_date, file_name)
select rpt_rec_num, prvdr_ctrl_type_cd, prvdr_num, npi, rpt_stus_cd,
    rdsftetl.fn_read_date(fy_bgn_dt, ''%m/%d/%Y''), rdsftetl.fn_read_date(fy_end_dt, ''%m/%d/%Y''),
    rdsftetl.fn_read_date(proc_dt, ''%m/%d/%Y''), initl_rpt_sw, last_rpt_sw, trnsmtl_num, fi_num, adr_vndr_cd,
    rdsftetl.fn_read_date(fi_creat_dt, ''%m/%d/%Y''), util_cd, rdsftetl.fn_read_date(npr_dt, ''%m/%d/%Y''), spec_ind,
    rdsftetl.fn_read_date(fi_rcpt_dt, ''%m/%d/%Y''), rdsftetl.fn_read_date(fy_bgn_dt, ''%m/%d/%Y''),
    rdsftetl.fn_read_date(fy_end_dt, ''%m/%d/%Y''), file_name
from rdsftetl.hospital_cost_report_checked
where load_id = p_load_id and is_valid = 1'
) jobs
where (select count(*) from rdsftorchestration.job_config_sqls
    where schema_name = 'rdsftcore' and table_name = 'hospital_cost_report') = 0;
