"""An interface of a test's own: its configuration, staging table and ledger."""

import dataclasses
import typing

Execute = typing.Callable[..., int]


@dataclasses.dataclass
class Interface:
    """`columns` are names, or (name, width) of a fixed-width file; `types` says which are not
    varchar(256). Fields not named here (quote_char, key_glob …) go into `options`."""

    id: int
    columns: typing.Sequence[str | tuple[str, int]]
    file_prefix: str = ""  # by default "<id>."
    table: str = ""  # by default rdsftetl.t<id>
    name: str = ""
    file_format: str = "txt"
    file_type: str = "txt"
    delimiter: str | None = "|"
    header_flag: str = "N"
    trailer_flag: str = "N"
    trailer_pstn: str | None = None
    query: str | None = None
    types: typing.Mapping[str, str] = dataclasses.field(default_factory=dict)
    options: typing.Mapping[str, typing.Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        self.file_prefix = self.file_prefix or f"{self.id}."
        self.table = self.table or f"rdsftetl.t{self.id}"
        self.name = self.name or f"INTERFACE_{self.id}"

    def configure(self, execute: Execute) -> None:
        """Adds the rows; the configuration's number is the interface's."""
        execute(
            "insert into rdscnfg.ext_interface (ext_interface_cid, interface_name) values (%s, %s)",
            self.id,
            self.name,
        )
        schema, _, table = self.table.partition(".")
        values = {
            "ext_file_config_sid": self.id,
            "ext_interface_cid": self.id,
            "tgt_schema_name": schema,
            "tgt_table_name": table,
            "file_prefix": self.file_prefix,
            "file_format": self.file_format,
            "file_type": self.file_type,
            "delimiter": self.delimiter,
            "header_flag": self.header_flag,
            "trailer_flag": self.trailer_flag,
            "trailer_pstn": self.trailer_pstn,
            "query": self.query,
            "split_file_flag": "N",
            **self.options,
        }
        names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        execute(f"insert into rdscnfg.ext_file_config ({names}) values ({marks})", *values.values())
        for number, (name, width) in enumerate(self._pairs(), 1):
            execute(
                "insert into rdscnfg.ext_file_config_dtl"
                " (ext_file_config_dtl_sid, ext_file_config_sid, column_name,"
                " column_width_fixed, column_order_sqnc) values (%s, %s, %s, %s, %s)",
                self.id * 1000 + number,
                self.id,
                name,
                width,
                number,
            )

    def tables(self) -> str:
        """The staging table, with load_id, and the ledger."""
        columns = "".join(
            f'"{name}" {self.types.get(name, "varchar(256)")},\n' for name, _ in self._pairs()
        )
        return (
            f"create table {self.table} (\n{columns}file_name varchar(300), load_id varchar(36),\n"
            "target_transaction_timestamp timestamp default current_timestamp);\n"
            f"create table {self.table}_ledger (\n"
            "kind varchar(10) not null, file_id varchar(36) not null,\n"
            "file_name varchar(300) not null, number integer not null, row_count bigint,\n"
            "recorded_at timestamp default current_timestamp, is_void boolean default false);\n"
        )

    def _pairs(self) -> list[tuple[str, int | None]]:
        return [(item, None) if isinstance(item, str) else item for item in self.columns]
