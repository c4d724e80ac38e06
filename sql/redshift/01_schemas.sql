-- Staging and error tables, core tables, orchestration. Every file here may be run again.

create schema if not exists rdsftetl;
create schema if not exists rdsftcore;
create schema if not exists rdsftorchestration;
