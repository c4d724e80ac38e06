-- Dates in text columns. Formats, as strptime writes them:
--
--   %Y%m%d  %m%d%Y  %d%m%Y                              8 digits
--   %Y-%m-%d  %m-%d-%Y  %d-%m-%Y, and with / or . for -   months and days of 1 or 2 digits
--
--   fn_chk_date(text, format)  0 for a valid or empty date, else 1
--   fn_read_date(text, format) the date; null for one that is empty or not valid
--
-- With any other format a text that is not empty is an error (a cast that fails), so that nobody
-- takes all rows for bad. to_date alone would let 20151332 run over into the next month or year.

create or replace function rdsftetl.fn_chk_day(integer, integer, integer)
returns integer
stable
as $$
    select case
        when $1 between 1 and 9999 and $2 between 1 and 12 and $3 between 1 and
            case
                when $2 in (4, 6, 9, 11) then 30
                when $2 <> 2 then 31
                when ($1 % 4 = 0 and $1 % 100 <> 0) or $1 % 400 = 0 then 29
                else 28
            end
        then 0
        else 1
    end
$$ language sql;

-- The 8 digits of year, month and day; empty when the text has another form than the format. The
-- separator comes third in the format. The empty left() keeps the cast from being computed for a
-- format alone, before it is known whether a row comes to it.
create or replace function rdsftetl.fn_date_digits(varchar, varchar)
returns varchar
stable
as $$
    select case
        when $2 in ('%Y%m%d', '%m%d%Y', '%d%m%Y') then
            case
                when $1 !~ '^[0-9]{8}$' then ''
                when $2 = '%Y%m%d' then $1
                when $2 = '%m%d%Y' then substring($1, 5, 4) || substring($1, 1, 4)
                else substring($1, 5, 4) || substring($1, 3, 2) || substring($1, 1, 2)
            end
        when $2 in ('%Y-%m-%d', '%Y/%m/%d', '%Y.%m.%d') then
            case
                when $1 !~ '^[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}$' then ''
                when split_part($1, substring($2, 3, 1), 3) = '' then ''
                else split_part($1, substring($2, 3, 1), 1)
                    || lpad(split_part($1, substring($2, 3, 1), 2), 2, '0')
                    || lpad(split_part($1, substring($2, 3, 1), 3), 2, '0')
            end
        when $2 in ('%m-%d-%Y', '%m/%d/%Y', '%m.%d.%Y', '%d-%m-%Y', '%d/%m/%Y', '%d.%m.%Y') then
            case
                when $1 !~ '^[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}$' then ''
                when split_part($1, substring($2, 3, 1), 3) = '' then ''
                when substring($2, 2, 1) = 'm' then split_part($1, substring($2, 3, 1), 3)
                    || lpad(split_part($1, substring($2, 3, 1), 1), 2, '0')
                    || lpad(split_part($1, substring($2, 3, 1), 2), 2, '0')
                else split_part($1, substring($2, 3, 1), 3)
                    || lpad(split_part($1, substring($2, 3, 1), 2), 2, '0')
                    || lpad(split_part($1, substring($2, 3, 1), 1), 2, '0')
            end
        else cast(cast('unknown date format ' || $2 || left($1, 0) as integer) as varchar)
    end
$$ language sql;

create or replace function rdsftetl.fn_chk_date(varchar, varchar)
returns integer
stable
as $$
    select case
        when $1 is null or trim($1) = '' then 0
        when rdsftetl.fn_date_digits($1, $2) = '' then 1
        else rdsftetl.fn_chk_day(
            cast(substring(rdsftetl.fn_date_digits($1, $2), 1, 4) as integer),
            cast(substring(rdsftetl.fn_date_digits($1, $2), 5, 2) as integer),
            cast(substring(rdsftetl.fn_date_digits($1, $2), 7, 2) as integer))
    end
$$ language sql;

create or replace function rdsftetl.fn_read_date(varchar, varchar)
returns date
stable
as $$
    select case
        when $1 is null or trim($1) = '' or rdsftetl.fn_chk_date($1, $2) <> 0 then null
        else to_date(rdsftetl.fn_date_digits($1, $2), 'YYYYMMDD')
    end
$$ language sql;
