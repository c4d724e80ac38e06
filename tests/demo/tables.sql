-- Tables of the demo's sales: staging, error, core, ledger. For Redshift.

create table rdsftetl.demo_sales (
    sale_id varchar(20),
    store varchar(100),
    sold_on varchar(8),
    article varchar(200),
    quantity integer,
    unit_price numeric(10, 2),
    file_name varchar(300),
    load_id varchar(36),
    target_transaction_timestamp timestamp default current_timestamp
);

create table rdsftetl.demo_sales_error (
    sale_id varchar(20),
    store varchar(100),
    sold_on varchar(8),
    article varchar(200),
    quantity integer,
    unit_price numeric(10, 2),
    file_name varchar(300),
    load_id varchar(36),
    target_transaction_timestamp timestamp default current_timestamp
);

create table rdsftcore.demo_sales (
    sale_id varchar(20),
    store varchar(100),
    sold_on date,
    article varchar(200),
    quantity integer,
    amount numeric(12, 2),
    file_name varchar(300) not null,
    target_processing_timestamp timestamp default current_timestamp
);

create table rdsftetl.demo_sales_ledger (
    kind varchar(10) not null,
    file_id varchar(36) not null,
    file_name varchar(300) not null,
    number integer not null,
    row_count bigint,
    is_void boolean not null default false,
    recorded_at timestamp default current_timestamp
);
