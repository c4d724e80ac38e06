-- Optional columns that extend a configuration. Rows that leave them empty behave as before.

alter table rdscnfg.ext_file_config
    add column if not exists key_glob varchar(1024),
    add column if not exists quote_char varchar(1),
    add column if not exists null_marker varchar(20),
    add column if not exists encoding varchar(20),
    add column if not exists date_format varchar(50),
    add column if not exists time_format varchar(50),
    add column if not exists copy_options varchar(1000),
    add column if not exists file_name_column varchar(127),
    add column if not exists load_id_column varchar(127),
    add column if not exists notify_submission varchar(1);

comment on column rdscnfg.ext_file_config.key_glob is 'Glob on the whole object key (* and ? do not match "/", ** does); matches besides file_prefix, which may then be *';
comment on column rdscnfg.ext_file_config.quote_char is 'Set: the file is CSV with this quote character; empty: fields are only delimited';
comment on column rdscnfg.ext_file_config.null_marker is 'Text that means NULL (NULL AS)';
comment on column rdscnfg.ext_file_config.encoding is 'UTF8 (default), UTF16, UTF16LE or UTF16BE';
comment on column rdscnfg.ext_file_config.date_format is 'DATEFORMAT; empty: auto';
comment on column rdscnfg.ext_file_config.time_format is 'TIMEFORMAT; empty: auto';
comment on column rdscnfg.ext_file_config.copy_options is 'Further COPY options of the allow-list, separated by commas: TRIMBLANKS, TRUNCATECOLUMNS, BLANKSASNULL, EMPTYASNULL, FILLRECORD, ESCAPE, ROUNDEC, COMPUPDATE OFF, STATUPDATE OFF';
comment on column rdscnfg.ext_file_config.file_name_column is 'Column of the staging table that takes the file name; empty: file_name';
comment on column rdscnfg.ext_file_config.load_id_column is 'Column of the staging table that takes the load id; empty: none';
comment on column rdscnfg.ext_file_config.notify_submission is 'Y: a notification is sent also when the load is submitted';
