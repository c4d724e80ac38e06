"""The sample files in tests/data, all invented. `python3 samples.py` writes them anew.

The gzip files cannot be read in a diff: here stands what is in them.
"""

import gzip
import pathlib

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"

# ndc, pa_type, pa_value, and four dates; the fourth row has month 13.
PA_FLAVOR = """\
00990000101|C|1|20260101|20791231|20260101|20791231
00990000101|PB|0|20260101|20791231|20260101|20791231
00990000102|N|1|20260401|20791231|20260401|20791231
00990000103|Q|0|20261301|20791231|20260401|20791231
00990000104|B|1|20260701|20791231|20260701|20791231
00990000105|I|0|20261001|20791231|20261001|20791231
"""

# As interface 558 describes them; in the fifth row the fiscal year ends on a 32nd.
COST_REPORT = """\
700001,4,990101,1990000011,1,1/1/2014,12/31/2014,6/10/2015,N,N,D,9011,4,6/9/2015,F,2/5/2015,A,5/30/2015
700002,2,990102,1990000029,2,1/1/2014,12/31/2014,6/11/2015,Y,N,D,9011,3,6/10/2015,L,,A,5/30/2015
700003,1,990103,1990000037,1,7/1/2013,6/30/2014,12/2/2014,N,Y,,9012,,12/1/2014,,,A,11/28/2014
700004,5,990104,1990000045,3,10/1/2013,9/30/2014,3/12/2015,N,N,D,9012,5,3/11/2015,N,4/1/2015,A,2/27/2015
700005,4,990105,1990000052,1,1/1/2014,12/32/2014,6/10/2015,N,N,D,9011,4,6/9/2015,F,2/5/2015,A,5/30/2015
700006,3,990106,1990000060,4,1/1/2014,12/31/2014,6/15/2015,,,D,9013,2,6/12/2015,F,2/9/2015,A,6/1/2015
700007,2,990107,1990000078,1,4/1/2014,3/31/2015,9/3/2015,N,N,D,9013,4,9/2/2015,L,5/6/2015,A,8/28/2015
"""

# Header, records and a trailer that counts them at 9:19; the sixth sale is of November 31st.
SALES = """\
sale_id|store|sold_on|article|quantity|unit_price
S-0001|Lisboa|20261101|espresso machine|1|249.00
S-0002|Lisboa|20261101|coffee beans 1 kg|4|17.50
S-0003|Porto|20261101|coffee beans 1 kg|2|17.50
S-0004|Porto|20261101|cup "Torre"|12|3.25
S-0005|Faro|20261101|moka pot|1|39.90
S-0006|Faro|20261131|moka pot|1|39.90
S-0007|Braga|20261101|filter paper|20|0.15
S-0008|Braga|20261101|grinder|1|89.00
S-0009|Évora|20261101|cup "Templo"|6|3.25
S-0010|Évora|20261101|coffee beans 1 kg|1|17.50
TRAILER 0000000010
"""

# The same sales of another day, whose trailer promises two more than there are.
SHORT_SALES = SALES.replace("20261101", "20261102").replace(
    "TRAILER 0000000010", "TRAILER 0000000012"
)

PRICES = """\
article|unit_price|valid_from
espresso machine|239.00|20261201
grinder|84.00|20261201
"""

SAMPLES = {
    "DEMO_20261101_PA_FLAVOR_527.txt": PA_FLAVOR,
    "DEMO_2014_RPT_558.csv.gz": COST_REPORT,
    "DEMO_20261101_SALES_601.gz": SALES,
    "DEMO_20261102_SALES_601.gz": SHORT_SALES,
    "DEMO_20261102_PA_FLAVOR_527.csv": PA_FLAVOR.replace("20260101", "20260102"),
    "DEMO_20261102_PRICES_999.txt": PRICES,
}


def content(name: str) -> bytes:
    """The bytes of a sample; gzip without name and time, so that they are always the same."""
    data = SAMPLES[name].encode()
    return gzip.compress(data, 9, mtime=0) if name.endswith(".gz") else data


def main() -> None:
    DATA.mkdir(exist_ok=True)
    for name in SAMPLES:
        (DATA / name).write_bytes(content(name))


if __name__ == "__main__":
    main()
