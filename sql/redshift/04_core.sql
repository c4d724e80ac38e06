-- Versions of every fact: the current one has its to_date ahead.

create table if not exists rdsftcore.dc_x_pa_flavor (
    ndc varchar(256),
    pa_type varchar(256),
    pa_value varchar(256),
    pa_eff_dt timestamp,
    pa_exp_dt timestamp,
    load_eff_dt timestamp,
    load_exp_dt timestamp,
    from_date timestamp,
    to_date timestamp,
    file_name varchar(300) not null,
    target_processing_timestamp timestamp default sysdate
);

create table if not exists rdsftcore.hospital_cost_report (
    rpt_rec_num numeric(15),
    prvdr_ctrl_type_cd varchar(256),
    prvdr_num varchar(256),
    npi numeric(11),
    rpt_stus_cd varchar(256),
    fy_bgn_dt timestamp,
    fy_end_dt timestamp,
    proc_dt timestamp,
    initl_rpt_sw varchar(256),
    last_rpt_sw varchar(256),
    trnsmtl_num varchar(256),
    fi_num varchar(256),
    adr_vndr_cd varchar(256),
    fi_creat_dt timestamp,
    util_cd varchar(256),
    npr_dt timestamp,
    spec_ind varchar(256),
    fi_rcpt_dt timestamp,
    from_date timestamp,
    to_date timestamp,
    file_name varchar(300) not null,
    target_processing_timestamp timestamp default sysdate
);
