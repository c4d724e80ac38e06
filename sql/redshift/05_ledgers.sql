-- The ledger of a staging table: <table>_ledger beside it. A load and a transformation lock it first,
-- fail when it has the file, and add a row in the same transaction, so each happens once. Every
-- target table of the configuration needs one: kind is load or transform, number that of the
-- statement, row_count the rows that a load brought. A row with is_void says that this number did
-- nothing and never will: it is written before a file ends as failed or rejected.

create table if not exists rdsftetl.dc_x_pa_flavor_ledger (
    kind varchar(10) not null,
    file_id varchar(36) not null,
    file_name varchar(300) not null,
    number integer not null,
    row_count bigint,
    is_void boolean not null default false,
    recorded_at timestamp default sysdate
);

create table if not exists rdsftetl.hospital_cost_report_ledger (
    kind varchar(10) not null,
    file_id varchar(36) not null,
    file_name varchar(300) not null,
    number integer not null,
    row_count bigint,
    is_void boolean not null default false,
    recorded_at timestamp default sysdate
);
