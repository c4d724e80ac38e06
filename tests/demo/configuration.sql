-- A third interface for the demo: daily sales, gzip with header and trailer. For Postgres.

insert into rdscnfg.ext_interface (ext_interface_cid, interface_name, interface_desc) values
    (601, 'DEMO_SALES', 'Sales of a day, with a trailer that counts them');

insert into rdscnfg.ext_file_config (
    ext_file_config_sid, ext_interface_cid, tgt_schema_name, tgt_table_name, file_prefix,
    file_format, file_type, delimiter, header_flag, trailer_flag, trailer_pstn, split_file_flag,
    load_id_column, query) values
    (601, 601, 'rdsftetl', 'demo_sales', '601.', 'gz', 'gz', '|', 'Y', 'Y', '9:19', 'N', 'load_id', '
insert into rdsftetl.demo_sales_error (sale_id, store, sold_on, article, quantity, unit_price, file_name, load_id)
select sale_id, store, sold_on, article, quantity, unit_price, file_name, load_id
from rdsftetl.demo_sales
where load_id = :load_id and rdsftetl.fn_chk_date(sold_on, ''%Y%m%d'') = 1;

insert into rdsftcore.demo_sales (sale_id, store, sold_on, article, quantity, amount, file_name)
select sale_id, store, to_date(sold_on, ''YYYYMMDD''), article, quantity, quantity * unit_price, :file_name
from rdsftetl.demo_sales
where load_id = :load_id and rdsftetl.fn_chk_date(sold_on, ''%Y%m%d'') = 0;
');

insert into rdscnfg.ext_file_config_dtl (
    ext_file_config_dtl_sid, ext_file_config_sid, column_name, column_order_sqnc)
select 601000 + ordinality, 601, name, ordinality
from unnest(array['sale_id', 'store', 'sold_on', 'article', 'quantity', 'unit_price'])
    with ordinality as c (name, ordinality);
