-- Rows that a transformation refused, as staging had them.

create table if not exists rdsftetl.dc_x_pa_flavor_error (
    ndc varchar(256),
    pa_type varchar(256),
    pa_value varchar(256),
    pa_eff_dt varchar(256),
    pa_exp_dt varchar(256),
    load_eff_dt varchar(256),
    load_exp_dt varchar(256),
    file_name varchar(300),
    load_id varchar(36),
    target_transaction_timestamp timestamp default sysdate
);

create table if not exists rdsftetl.hospital_cost_report_error (
    rpt_rec_num numeric(15),
    prvdr_ctrl_type_cd varchar(256),
    prvdr_num varchar(256),
    npi numeric(11),
    rpt_stus_cd varchar(256),
    fy_bgn_dt varchar(256),
    fy_end_dt varchar(256),
    proc_dt varchar(256),
    initl_rpt_sw varchar(256),
    last_rpt_sw varchar(256),
    trnsmtl_num varchar(256),
    fi_num varchar(256),
    adr_vndr_cd varchar(256),
    fi_creat_dt varchar(256),
    util_cd varchar(256),
    npr_dt varchar(256),
    spec_ind varchar(256),
    fi_rcpt_dt varchar(256),
    file_name varchar(300),
    load_id varchar(36),
    target_transaction_timestamp timestamp default sysdate
);
